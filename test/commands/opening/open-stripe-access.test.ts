import { expect, test } from 'vitest'
import { startProgram } from '../../support/billing-sync.ts'
import { openDatabaseForTest } from '../../support/database.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { PLATFORM_KEYS } from '../../support/stripe/world.ts'

/** Less than the SDK waits for an answer (20 s), longer than a program on a busy machine takes to end. */
const soonMs = 10_000

test.each([
  ['backfill', ['backfill', '--account', 'acct_1']],
  ['backfill --verify', ['backfill', '--account', 'acct_1', '--verify']],
  ['replay --from-stripe', ['replay', '--from-stripe']],
])('a signal ends %s while Stripe does not tell whose key it is', async (_, args) => {
  const { uri } = await openDatabaseForTest()
  const { server } = await playStripe()
  server.faults.add({ path: '/v1/account' }, { kind: 'silent' }, { times: 2 })
  const asked = new Promise<void>((resolve) => {
    server.onRequest(({ path }) => {
      if (path === '/v1/account') resolve()
    })
  })
  const env = { MONGODB_URI: uri, STRIPE_SECRET_KEY: PLATFORM_KEYS.test, STRIPE_API_BASE: server.url }
  const run = startProgram([...args, '--json'], { env })
  await asked
  const signalled = performance.now()
  run.kill('SIGTERM')
  const { exitCode, stdout } = await run
  expect(performance.now() - signalled).toBeLessThan(soonMs)
  expect(exitCode).toBe(143)
  expect(JSON.parse(String(stdout))).toHaveProperty('duration_ms')
})

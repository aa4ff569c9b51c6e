// One account floods the inbox with 50,000 events, and every other of them fails: for `npm run test:faults`.

import { expect, test } from 'vitest'
import { ensureCollections } from '../../src/store/collections.ts'
import { runProgram } from '../support/billing-sync.ts'
import { openTestDatabase } from '../support/database.ts'
import { deliveryOf, numberedEvent } from '../support/deliveries.ts'
import { ingest, startWorkers } from '../support/running-workers.ts'
import { playStripe } from '../support/stripe/played-stripe.ts'
import { PLATFORM_ID, PLATFORM_KEYS } from '../support/stripe/world.ts'

const flood = 50_000
const timeoutMs = 30 * 60_000
const patience = { timeout: 25_000, interval: 20 }

/** How soon an event of another account has to be through. */
const latencyMs = 2_000

const database = await openTestDatabase()
await ensureCollections(database.db)
const events = database.db.collection('billing.events')
const count = (status: string) => events.countDocuments({ status })

/** Objects that the flood is about, half of them poison: Stripe's limits let each be read once a batch. */
const charges = 40

const numbered = (account: string, number: number) =>
  deliveryOf({ ...numberedEvent(number, { changes: { id: `ch_${number % charges}` } }), account })

const fill = async (account: string): Promise<void> => {
  for (let from = 0; from < flood; from += 500) {
    const size = Math.min(500, flood - from)
    await ingest(database, ...Array.from({ length: size }, (_, index) => numbered(account, from + index)))
  }
}

/** Stripe refuses to show every other charge of the account. */
const poisonedStripe = async () => {
  const { server, world } = await playStripe()
  for (const account of ['acct_busy', 'acct_other']) world.account(account)
  const isPoison = { path: /charges\/ch_\d*[02468]$/, account: 'acct_busy' }
  const error = { type: 'invalid_request_error', message: 'No.', code: 'parameter_invalid' }
  server.faults.add(isPoison, { kind: 'error', status: 400, error }, { times: Number.MAX_SAFE_INTEGER })
  return server
}

// The waits are a matter of minutes: each is over as soon as it is written.
const hasten = () => events.updateMany({ status: 'failed' }, { $set: { next_attempt_at: new Date(0) } })

test('an account with poison keeps no other from its turn, and is mended by a replay', {
  timeout: timeoutMs,
}, async () => {
  const server = await poisonedStripe()
  await fill('acct_busy')
  // A read that Stripe keeps back while the other account's event comes: the flood is not through by then.
  const held = server.hold({ path: '/v1/charges/ch_1', account: 'acct_busy' }, { times: 1 })
  const workers = await startWorkers(database, {
    stripeKey: PLATFORM_KEYS.test,
    stripeApiBase: server.url,
    platformAccount: PLATFORM_ID,
  })
  await held.arrived()
  await ingest(database, numbered('acct_other', 1))
  const sent = performance.now()
  workers.wake('acct_other')
  await expect
    .poll(() => events.countDocuments({ stripe_user_id: 'acct_other', status: 'done' }), patience)
    .toBe(1)
  expect(performance.now() - sent).toBeLessThan(latencyMs)
  expect(await count('pending')).toBeGreaterThan(0)
  held.releaseAll()

  await expect
    .poll(() => hasten().then(() => count('dead')), { timeout: timeoutMs, interval: 50 })
    .toBe(flood / 2)
  await expect.poll(() => count('done'), patience).toBe(flood / 2 + 1)
  expect(await events.findOne({ status: 'dead' })).toMatchObject({
    attempts: 8,
    error: { code: 'stripe_refused' },
  })

  server.faults.clear()
  const env = {
    MONGODB_URI: database.uri,
    STRIPE_SECRET_KEY: PLATFORM_KEYS.test,
    STRIPE_API_BASE: server.url,
    STRIPE_ACCOUNT_ID: PLATFORM_ID,
    BILLING_SYNC_MODE: 'any',
  }
  const replay = ['replay', '--stored', '--status', 'dead']
  expect((await runProgram(replay, { env, timeout: timeoutMs })).exitCode).toBe(0)
  expect(await count('done')).toBe(flood + 1)
})

import { expect, test } from 'vitest'
import { runBackfill, startBackfill } from '../../support/backfill-command.ts'
import { openTestDatabase } from '../../support/database.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { populate } from '../../support/stripe/population.ts'

const { db, uri } = await openTestDatabase()

const command = ['--account', 'acct_1', '--resource', 'customers']

test('an interrupted --restart names the command that goes on, and that does', async () => {
  const { server, world } = await playStripe()
  populate(world.account('acct_1'), { customers: 800, secondsApart: 2_000 })
  world.clock.run()
  const place = { uri, url: server.url }
  const held = server.hold({ path: '/v1/customers' }, { times: 1, after: 5 })
  const { child } = await startBackfill([...command, '--restart'], place)
  await held.arrived()
  child.kill('SIGINT')
  held.releaseAll()
  const { stdout } = await child
  expect(String(stdout).replaceAll('\n', ' ')).toContain(
    'run the same command without --restart: it goes on where it stopped.',
  )
  const stored = await db.collection('billing.customers').countDocuments()
  expect(stored).toBeGreaterThan(0)
  const { exitCode, summary } = await runBackfill(command, place)
  expect(exitCode).toBe(0)
  expect(summary.accounts.acct_1?.customers?.read).toBeLessThanOrEqual(800 - stored)
})

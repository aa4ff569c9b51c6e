import { expect, test } from 'vitest'
import { runBackfill, startBackfill } from '../../support/backfill-command.ts'
import { fillMirror } from '../../support/backfill-here.ts'
import { openTestDatabase } from '../../support/database.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'

const { db, uri } = await openTestDatabase()

const day = 86_400
const typed = ['--account', 'acct_1', '--until', '1d']
const rows = db.collection('billing.cursors')

test('a list that another command began is compared over the range that it is walked over', async () => {
  const { server, world } = await playStripe()
  const account = world.account('acct_1')
  const now = world.clock.now()
  for (let index = 0; index < 150; index += 1)
    account.seed('customer', { created: now - 5 * day - index * 600 })
  const later = account.seed('customer', { created: now - 2 * day })
  world.clock.run()
  const place = { uri, url: server.url }
  await fillMirror(['--account', 'acct_1', '--resource', 'customers'], place)
  const shown = account.stored('customer', later)
  account.state.drop(shown)
  const rest = server.hold({ path: '/v1/customers' }, { times: Number.POSITIVE_INFINITY, after: 1 })
  const { child } = await startBackfill([...typed, '--resource', 'customers,products'], place)
  await rest.arrived()
  const begun = { resource: 'customers', 'windows.last.id': { $exists: true } }
  await expect.poll(() => rows.countDocuments(begun), { timeout: 20_000 }).toBe(1)
  child.kill('SIGKILL')
  await child
  server.faults.clear()
  rest.releaseAll()
  account.state.put(shown)
  // As though it had begun two days ago: its range ends before the later customer.
  await rows.updateOne(begun, { $set: { until: new Date((now - 3 * day) * 1000) } })
  server.requests.clear()
  const { exitCode, summary } = await runBackfill([...typed, '--resource', 'customers'], place)
  expect([exitCode, summary.errors]).toEqual([0, {}])
  expect(summary.accounts.acct_1?.customers?.read).toBeLessThan(150)
  expect(server.requests.count({ path: `/v1/customers/${later}` })).toBe(0)
})

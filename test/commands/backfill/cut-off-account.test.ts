import { expect, test } from 'vitest'
import { runBackfill, startBackfill } from '../../support/backfill-command.ts'
import { openTestDatabase } from '../../support/database.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'

const { db, uri } = await openTestDatabase()

test('an account that left is dated by the very answer that says so, however fast the local clock is', async () => {
  const { world, server } = await playStripe()
  world.clock.advance(-3_600)
  world.account('acct_1')
  world.disconnect('acct_1')
  const { summary } = await runBackfill(['--account', 'acct_1'], { uri, url: server.url })
  expect(summary.errors).toMatchObject({ acct_1: { code: 'account_disconnected' } })
  expect(await db.collection('billing.accounts').findOne({ stripe_user_id: 'acct_1' })).toMatchObject({
    connection: { state: 'disconnected', as_of: new Date(world.clock.now() * 1_000 - 1) },
  })
})

test('an account that leaves has its command end without the answers that are still to come', async () => {
  const { world, server } = await playStripe()
  world.account('acct_2')
  const held = server.hold({ path: '/v1/customers', account: 'acct_2' }, { times: 1 })
  const refused = server.hold({ path: '/v1/invoices', account: 'acct_2' }, { readsAt: 'release' })
  const { child } = await startBackfill(['--account', 'acct_2'], { uri, url: server.url })
  await Promise.all([held.arrived(), refused.arrived()])
  const left = performance.now()
  world.disconnect('acct_2')
  refused.releaseAll()
  expect((await child).exitCode).toBe(1)
  // A request itself is given 20 s.
  expect(performance.now() - left).toBeLessThan(12_000)
  held.releaseAll()
})

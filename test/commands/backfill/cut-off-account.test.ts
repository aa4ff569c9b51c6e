import { expect, test } from 'vitest'
import { runBackfill, startBackfill } from '../../support/backfill-command.ts'
import { backfillHere, fillMirror } from '../../support/backfill-here.ts'
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

test('an account that left, and one that is back, is noted by a single object as by lists', async () => {
  const { world, server } = await playStripe()
  world.clock.advance(-3_600)
  const customer = world.account('acct_3').seed('customer', {})
  const args = ['--account', 'acct_3', '--id', customer]
  const place = { uri, url: server.url }
  const connection = async () =>
    (await db.collection('billing.accounts').findOne({ stripe_user_id: 'acct_3' }))?.connection
  await fillMirror(args, place)
  world.disconnect('acct_3')
  const { summary } = await backfillHere(args, place)
  expect(summary.errors).toMatchObject({ acct_3: { code: 'account_disconnected' } })
  expect(await connection()).toEqual({
    state: 'disconnected',
    as_of: new Date(world.clock.now() * 1_000 - 1),
  })
  world.clock.advance(5)
  world.connect('acct_3')
  await fillMirror(args, place)
  expect(await connection()).toMatchObject({ state: 'connected' })
})

/** An account that was mirrored, cut the platform off, which was noted, and is back; a product of it is gone since. */
const returnedAccount = async (name: string) => {
  const { world, server } = await playStripe()
  world.clock.advance(-3_600)
  const account = world.account(name)
  const gone = account.seed('product', {})
  const customers = [account.seed('customer', {}), account.seed('customer', {})]
  const place = { uri, url: server.url }
  await fillMirror(['--account', name], place)
  world.disconnect(name)
  await backfillHere(['--account', name, '--id', gone], place)
  world.clock.advance(5)
  account.delete('product', gone)
  world.connect(name)
  world.clock.advance(5)
  return {
    ...{ world, server, gone, customers },
    connection: async () =>
      (await db.collection('billing.accounts').findOne({ stripe_user_id: name }))?.connection,
    backfill: (ids: readonly string[]) => fillMirror(['--account', name, '--id', ids.join()], place),
  }
}

test('an account that is back is noted by what proves that a single object is gone', async () => {
  const { gone, connection, backfill } = await returnedAccount('acct_4')
  expect(await connection()).toMatchObject({ state: 'disconnected' })
  await backfill([gone])
  const stored = await db.collection('billing.products').findOne({ stripe_id: gone })
  expect([stored?.deleted, (await connection())?.state]).toEqual([true, 'connected'])
})

test('an account that leaves after single objects were shown stays cut off', async () => {
  const { world, server, gone, customers, connection, backfill } = await returnedAccount('acct_5')
  const held = server.hold({ path: `/v1/customers/${customers[1]}` }, { times: 1, readsAt: 'release' })
  const run = backfill([gone, ...customers])
  await held.arrived()
  expect(await connection()).toMatchObject({ state: 'connected' })
  world.clock.advance(5)
  const cutOff = { state: 'disconnected', as_of: new Date(world.clock.now() * 1_000) }
  const news = { $set: { connection: cutOff }, $inc: { seq: 1 } }
  await db.collection('billing.accounts').updateOne({ stripe_user_id: 'acct_5' }, news)
  world.clock.advance(5)
  held.releaseAll()
  await run
  expect(await connection()).toEqual(cutOff)
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

import { beforeEach, describe, expect, test, vi } from 'vitest'
import { backfillHere, fillMirror } from '../../support/backfill-here.ts'
import { openTestDatabase } from '../../support/database.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { populate } from '../../support/stripe/population.ts'
import { PLATFORM_ID } from '../../support/stripe/world.ts'

const { db, uri } = await openTestDatabase()

beforeEach(async () => {
  const collections = await db.listCollections({}, { nameOnly: true }).toArray()
  await Promise.all(collections.map(({ name }) => db.collection(name).deleteMany({})))
})

const tombstones = () => db.collection('billing.products').distinct('stripe_id', { deleted: true })

/** A platform's own account with products, all mirrored. */
const mirroredProducts = async (products: number) => {
  const { server, world } = await playStripe()
  const account = world.platform('test')
  populate(account, { products })
  world.clock.run()
  const place = { uri, url: server.url }
  await fillMirror(['--account', PLATFORM_ID, '--resource', 'products'], place)
  // `Date` headers tell Stripe's clock to the second only: a read so soon after another may be stamped before it.
  world.clock.advance(2)
  return { server, world, account, place }
}

const single = (...ids: string[]) => ['--account', PLATFORM_ID, '--id', ids.join()]

describe('a 404 for a single object', () => {
  test('of another platform makes no tombstone of what lives', async () => {
    const { world, account, place } = await mirroredProducts(12)
    world.account('acct_other')
    const secretKey = world.addKey('sk_test_other', { accountId: 'acct_other', mode: 'test' })
    const [one = '', two = ''] = account.ids('product')
    const { hasFailures, summary } = await backfillHere(single(one, two), { ...place, secretKey })
    expect(hasFailures).toBe(true)
    const { code, message } = summary.errors[PLATFORM_ID] ?? {}
    expect(code).toBe('gone_unproved')
    expect(message).toContain(`Stripe answers 404 for ${one}, ${two} and shows nothing else of`)
    expect(summary.accounts[PLATFORM_ID]?.products).toMatchObject({ read: 2, failed: 2, complete: false })
    expect(await tombstones()).toEqual([])
  })

  test('makes one while something else that is stored is there, at the cost of a few requests', async () => {
    const { server, account, place } = await mirroredProducts(12)
    const [gone = ''] = account.ids('product')
    account.delete('product', gone)
    server.requests.clear()
    await fillMirror(single(gone), place)
    expect(await tombstones()).toEqual([gone])
    expect(server.requests.count({ path: /^\/v1\/products\// })).toBeLessThanOrEqual(4)
  })

  test.each(['before', 'after'])(
    'makes one where an object given along with it, %s it, is the only one that is there',
    async (where) => {
      const { account, place } = await mirroredProducts(1)
      const [gone = ''] = account.ids('product')
      account.delete('product', gone)
      const alone = await backfillHere(single(gone), place)
      expect(alone.summary.errors[PLATFORM_ID]).toMatchObject({
        code: 'gone_unproved',
        message: expect.stringContaining('by --id together with an object that Stripe still shows'),
      })
      expect(await tombstones()).toEqual([])
      const there = account.seed('product', {})
      await fillMirror(single(...(where === 'before' ? [there, gone] : [gone, there])), place)
      expect(await tombstones()).toEqual([gone])
    },
  )

  test('makes one where all that Stripe still shows of the account is that a customer of it is deleted', async () => {
    const { account, place } = await mirroredProducts(1)
    const customer = account.seed('customer', {})
    await fillMirror(single(customer), place)
    const [gone = ''] = account.ids('product')
    account.delete('product', gone)
    account.delete('customer', customer)
    await fillMirror(single(gone, customer), place)
    expect(await tombstones()).toEqual([gone])
  })

  test('is of the second in which it was asked for, however long the rest of the command takes', async () => {
    const { server, world, account, place } = await mirroredProducts(3)
    const [there = '', gone = '', slow = ''] = account.ids('product')
    account.delete('product', gone)
    world.clock.run()
    const held = server.hold({ path: `/v1/products/${slow}` })
    // The first answer tells Stripe's clock.
    const filling = fillMirror(single(there, gone, slow), place)
    await held.arrived()
    const second = world.clock.now()
    await vi.waitFor(() => expect(world.clock.now()).toBeGreaterThan(second + 3), { timeout: 10_000 })
    held.release()
    await filling
    const tombstone = await db.collection('billing.products').findOne({ stripe_id: gone, deleted: true })
    expect(tombstone?.deleted_at.getTime()).toBeLessThanOrEqual(second * 1_000)
  })

  test.each([
    ['account_disconnected', 403, { type: 'invalid_request_error', code: 'account_invalid', message: 'no' }],
    ['stripe_unauthorized', 401, { type: 'invalid_request_error', message: 'no' }],
  ])(
    'is no proof either way where what else is asked for meets %s, which is told',
    async (code, status, error) => {
      const { server, account, place } = await mirroredProducts(3)
      const [gone = ''] = account.ids('product')
      account.delete('product', gone)
      for (const id of account.ids('product'))
        server.faults.add({ path: `/v1/products/${id}` }, { kind: 'error', status, error })
      const { summary } = await backfillHere(single(gone), place)
      const told = summary.errors[PLATFORM_ID]
      expect(`${told?.code} ${told?.message}`).toContain(
        code === 'stripe_unauthorized' ? 'STRIPE_SECRET_KEY' : code,
      )
      expect(await tombstones()).toEqual([])
    },
  )

  test('of a key that does not tell its mode counts for the mode that is shown', async () => {
    const { world, account, place } = await mirroredProducts(3)
    const [gone = '', stays = ''] = account.ids('product')
    const secretKey = world.addKey('proxy-live', { accountId: PLATFORM_ID, mode: 'live' })
    const live = world.platform('live').seed('product', {})
    await backfillHere(single(stays, live), { ...place, secretKey })
    expect(await tombstones()).toEqual([])
    account.delete('product', gone)
    const test = world.addKey('proxy-test', { accountId: PLATFORM_ID, mode: 'test' })
    await fillMirror(single(gone), { ...place, secretKey: test })
    expect(await tombstones()).toEqual([gone])
  })
})

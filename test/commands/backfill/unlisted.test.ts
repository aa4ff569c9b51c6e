import { beforeEach, describe, expect, test, vi } from 'vitest'
import { runBackfill, startBackfill } from '../../support/backfill-command.ts'
import { backfillHere, fillMirror } from '../../support/backfill-here.ts'
import { openTestDatabase } from '../../support/database.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { populate } from '../../support/stripe/population.ts'
import { PLATFORM_ID, PLATFORM_KEYS } from '../../support/stripe/world.ts'

const { db, uri } = await openTestDatabase()

beforeEach(async () => {
  const collections = await db.listCollections({}, { nameOnly: true }).toArray()
  await Promise.all(collections.map(({ name }) => db.collection(name).deleteMany({})))
})

const plain = ['--account', 'acct_1', '--resource', 'customers,products']

/** Seconds after which a read is stamped later than one before: `Date` headers tell Stripe's clock to the second only. */
const readStampSlack = 2

const mirroredAccount = async (counts: { customers?: number; products?: number }) => {
  const played = await playStripe()
  const account = played.world.account('acct_1')
  populate(account, counts)
  played.world.clock.run()
  const place = { uri, url: played.server.url }
  await fillMirror(['--account', 'acct_1', '--resource', 'customers,products'], place)
  played.world.clock.advance(readStampSlack)
  return { ...played, account, place }
}

const tombstones = async (): Promise<readonly string[]> => {
  const found = await Promise.all(
    ['billing.customers', 'billing.products'].map((name) =>
      db.collection(name).find({ deleted: true }).toArray(),
    ),
  )
  return found.flat().map(({ stripe_id }) => String(stripe_id))
}

const notFound = {
  kind: 'error',
  status: 404,
  error: { type: 'invalid_request_error', code: 'resource_missing', message: 'No such object' },
} as const

const whole = ['--account', 'acct_1']

/** A draft that is mirrored and then gone, whose subscription has other metadata by then, and an invoice beside it that stays. */
const inheritingDraft = async (secondsLater: number) => {
  const { server, world } = await playStripe()
  const account = world.account('acct_1')
  const customer = account.seed('customer', {})
  const subscription = account.seed('subscription', { customer, metadata: { plan: 'a' } })
  const draft = account.seed('invoice', { customer, subscription, status: 'draft' })
  account.seed('invoice', { customer, subscription, status: 'open' })
  world.clock.run()
  const place = { uri, url: server.url }
  await fillMirror(['--account', 'acct_1'], place)
  world.clock.advance(secondsLater)
  account.delete('invoice', draft)
  account.update('subscription', subscription, { metadata: { plan: 'b' } })
  return { server, place, draft }
}

describe('what a list no longer shows', () => {
  test('becomes a tombstone when Stripe answers that it is deleted, or 404', async () => {
    const { account, place } = await mirroredAccount({ customers: 5, products: 5 })
    const gone = [account.ids('customer')[1] ?? '', account.ids('product')[1] ?? '']
    account.delete('customer', gone[0] ?? '')
    account.delete('product', gone[1] ?? '')
    const { exitCode, summary } = await runBackfill(plain, place)
    expect([exitCode, summary.errors]).toEqual([0, {}])
    expect((await tombstones()).toSorted()).toEqual(gone.toSorted())
  })

  test('is gone as of the second in which it was asked for, however long the others take', async () => {
    const { server, world, account, place } = await mirroredAccount({ customers: 1, products: 5 })
    const [first = '', second = ''] = account.ids('product')
    for (const id of [first, second]) account.delete('product', id)
    world.clock.run()
    const held = server.hold({ path: `/v1/products/${second}` })
    const filling = fillMirror(plain, place)
    await held.arrived()
    const asked = world.clock.now()
    await vi.waitFor(() => expect(world.clock.now()).toBeGreaterThan(asked + 3), { timeout: 10_000 })
    held.release()
    await filling
    const tombstone = await db.collection('billing.products').findOne({ stripe_id: first, deleted: true })
    expect(tombstone?.deleted_at.getTime()).toBeLessThanOrEqual(asked * 1_000)
  })

  test('becomes one though it inherits in the same run', async () => {
    const { place, draft } = await inheritingDraft(readStampSlack)
    await fillMirror(whole, place)
    expect(await db.collection('billing.invoices').distinct('stripe_id', { deleted: true })).toEqual([draft])
    expect((await backfillHere([...whole, '--verify'], place)).summary.drift).toEqual([])
  })

  test('becomes one though it inherits before the run is interrupted', async () => {
    const { server, place, draft } = await inheritingDraft(3_600)
    const held = server.hold({ path: '/v1/customers' })
    const { child } = await startBackfill(whole, place)
    await held.arrived()
    const walked = { resource: { $in: ['invoices', 'subscriptions'] }, completed_at: { $ne: null } }
    const rows = db.collection('billing.cursors')
    await expect.poll(() => rows.countDocuments(walked), { timeout: 20_000 }).toBe(2)
    child.kill('SIGKILL')
    held.releaseAll()
    await child
    expect(await db.collection('billing.invoices').distinct('metadata.plan')).toEqual(['b'])
    server.requests.clear()
    await fillMirror(whole, place)
    expect(server.requests.count({ path: '/v1/invoices' })).toBe(0)
    expect(await db.collection('billing.invoices').distinct('stripe_id', { deleted: true })).toEqual([draft])
    // Of the other one the interrupted run had seen that it is there.
    expect(server.requests.count({ path: /^\/v1\/invoices\/in_/ })).toBe(1)
    expect((await backfillHere([...whole, '--verify'], place)).summary.drift).toEqual([])
  })

  test('becomes one though it was the only object of its resource', async () => {
    const { account, place } = await mirroredAccount({ customers: 2, products: 1 })
    const [product = ''] = account.ids('product')
    account.delete('product', product)
    const args = ['--account', 'acct_1', '--resource', 'products']
    await fillMirror(args, place)
    expect(await tombstones()).toEqual([product])
  })

  test('stays as it is on a test clock', async () => {
    const { account, place } = await mirroredAccount({ customers: 3 })
    const hidden = account.ids('customer')[0] ?? ''
    await db
      .collection<{ _id: string }>('billing.customers')
      .updateOne({ stripe_id: hidden }, { $set: { test_clock: 'clock_1' } })
    account.delete('customer', hidden)
    await fillMirror(plain, place)
    expect(await tombstones()).toEqual([])
  })

  test('stays as it is where the key may not retrieve it', async () => {
    const { account, server, place } = await mirroredAccount({ customers: 3 })
    const [customer = ''] = account.ids('customer')
    account.delete('customer', customer)
    const error = { type: 'invalid_request_error', message: 'The key may not' }
    server.faults.add({ path: `/v1/customers/${customer}` }, { kind: 'error', status: 403, error })
    await backfillHere(plain, place)
    expect(await tombstones()).toEqual([])
  })

  test('costs one request where it is there after all', async () => {
    const { account, server, place } = await mirroredAccount({ customers: 3 })
    const charges = ['--account', 'acct_1', '--resource', 'charges']
    populate(account, { charges: 3, refunds: 3, paidInvoices: 3 })
    await fillMirror(['--account', 'acct_1', '--resource', 'charges'], place)
    server.requests.clear()
    await backfillHere(charges, place)
    const lists = server.requests.count()
    // A charge of an invoice, part of it refunded: it has relatives that a reader might ask for as well.
    const hidden = account.stored('charge', 'ch_of_invoice0')
    server.requests.clear()
    server.onRequest(({ path }) => {
      if (path === '/v1/charges') account.state.drop(hidden)
      if (path === '/v1/charges/ch_of_invoice0') account.state.put(hidden)
    })
    await fillMirror(charges, place)
    expect(server.requests.count({ path: '/v1/charges/ch_of_invoice0' })).toBe(1)
    expect(server.requests.count()).toBe(lists + 1)
    expect(await tombstones()).toEqual([])
  })

  test('revives a tombstone of what the list shows after all', async () => {
    const { account, place, world } = await mirroredAccount({ products: 3 })
    const [product = ''] = account.ids('product')
    account.delete('product', product)
    await backfillHere(plain, place)
    expect(await tombstones()).toEqual([product])
    world.clock.advance(readStampSlack)
    account.seed('product', { id: product, name: 'Again' })
    expect((await backfillHere([...plain, '--verify'], place)).summary.drift).toMatchObject([
      { stripe_id: product, kind: 'different', fields: ['deleted'] },
    ])
    await backfillHere(plain, place)
    expect(await tombstones()).toEqual([])
    expect((await backfillHere([...plain, '--verify'], place)).summary.drift).toEqual([])
  })
})

test('a list whose first object comes into being behind the walk is no empty one', async () => {
  const { account, server, place } = await mirroredAccount({ customers: 3 })
  const held = server.hold({ path: '/v1/customers' }, { times: 1 })
  const { child } = await startBackfill([...plain, '--json'], place)
  await held.arrived()
  const walked = { resource: 'products', completed_at: { $ne: null } }
  const rows = db.collection('billing.cursors')
  await expect.poll(() => rows.countDocuments(walked), { timeout: 20_000 }).toBe(1)
  const product = account.seed('product', { name: 'First' })
  await fillMirror(['--account', 'acct_1', '--id', product], place)
  held.releaseAll()
  const { exitCode, stdout } = await child
  expect([exitCode, JSON.parse(stdout).errors]).toEqual([0, {}])
  expect(await db.collection('billing.products').distinct('stripe_id')).toEqual([product])
})

describe('nothing is marked deleted', () => {
  test('by a Stripe of another platform that shows empty lists', async () => {
    await mirroredAccount({ customers: 5, products: 3 })
    const other = await playStripe()
    other.world.account('acct_1')
    const place = { uri, url: other.server.url }
    const { summary } = await backfillHere(plain, place)
    expect(summary.errors.acct_1?.code).toBe('list_empty')
    const insisted = await backfillHere([...plain, '--restart'], place)
    expect(insisted.summary.errors.acct_1?.code).toBe('gone_unproved')
    expect(await tombstones()).toEqual([])
  })

  test('by a Stripe of another platform that shows other objects', async () => {
    await mirroredAccount({ customers: 20, products: 20 })
    const other = await playStripe()
    for (const type of ['customer', 'product'] as const)
      other.world.account('acct_1').seed(type, { id: `${type}_of_another` })
    const { summary } = await backfillHere(plain, { uri, url: other.server.url })
    expect(summary.errors.acct_1?.code).toBe('gone_unproved')
    expect(await tombstones()).toEqual([])
    // Its two lists, some of the unlisted of each, and some of what is stored besides: not all forty.
    expect(other.server.requests.count()).toBeLessThanOrEqual(2 + 2 * 5 + 10)
  })

  test('by a key of the other mode', async () => {
    const { place } = await mirroredAccount({ customers: 5 })
    const { exitCode, stderr } = await runBackfill(plain, { ...place, secretKey: PLATFORM_KEYS.live })
    expect(exitCode).toBe(0)
    expect(await tombstones()).toEqual([])
    const warnings = stderr
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
      .filter(({ level }) => level === 40)
    expect(warnings).toMatchObject([
      {
        account: 'acct_1',
        msg: expect.stringMatching(/^Stripe shows no object at all: check that the key /),
      },
    ])
  })

  test('by a list that the key may not read', async () => {
    const { world, place } = await mirroredAccount({ customers: 5 })
    const secretKey = world.addKey('rk_test_narrow', {
      accountId: PLATFORM_ID,
      mode: 'test',
      forbidden: ['customers'],
    })
    expect((await backfillHere(plain, { ...place, secretKey })).hasFailures).toBe(true)
    expect(await tombstones()).toEqual([])
  })

  test('where all of a resource is gone, unless a person insists as the message says', async () => {
    const { account, place } = await mirroredAccount({ customers: 3, products: 25 })
    for (const id of account.ids('product')) account.delete('product', id)
    const { code, message } = (await backfillHere(plain, place)).summary.errors.acct_1 ?? {}
    expect([code, message]).toEqual(['list_empty', expect.stringContaining('insist with --restart')])
    expect(await tombstones()).toEqual([])
    await fillMirror([...plain, '--restart'], place)
    expect(await tombstones()).toHaveLength(25)
  })

  test('where more is gone than can be believed, unless a person insists', async () => {
    const { account, server, place } = await mirroredAccount({ customers: 60 })
    for (const id of account.ids('customer').slice(0, 25)) account.delete('customer', id)
    server.faults.add({ path: /^\/v1\/customers\/cus_/ }, notFound, { times: 100 })
    const cautious = await runBackfill(plain, place)
    expect([cautious.exitCode, cautious.summary.errors.acct_1?.code]).toEqual([1, 'too_much_gone'])
    expect(server.requests.count({ path: /^\/v1\/customers\/cus_/ })).toBe(0)
    expect(await tombstones()).toEqual([])
    await fillMirror([...plain, '--restart'], place)
    expect(await tombstones()).toHaveLength(25)
  })
})

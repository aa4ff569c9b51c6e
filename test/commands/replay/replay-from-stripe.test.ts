import { beforeEach, describe, expect, test } from 'vitest'
import { replayRequestOf } from '../../../src/commands/replay/replay-request.ts'
import { parseStripeEvent } from '../../../src/core/stripe-event.ts'
import { receiveEvents } from '../../../src/store/inbox.ts'
import { runCommand } from '../../support/command.ts'
import { openTestDatabase } from '../../support/database.ts'
import { type EventRecord, eventPayload } from '../../support/stripe/event-record.ts'
import { type PlayedStripe, playStripe } from '../../support/stripe/played-stripe.ts'
import { PLATFORM_ID, PLATFORM_KEYS } from '../../support/stripe/world.ts'

const { db, uri } = await openTestDatabase()
const day = 24 * 60 * 60

beforeEach(async () => {
  for (const { name } of await db.listCollections().toArray()) await db.collection(name).deleteMany({})
})

interface Given {
  readonly env?: Readonly<Record<string, string>>
  readonly config?: object
}

/** Runs `replay --from-stripe --json` against a played Stripe and returns its summary with what it printed. */
const replay = async (
  { server }: Pick<PlayedStripe, 'server'>,
  args: readonly string[] = [],
  { env = {}, config = {} }: Given = {},
) => {
  const settings = {
    MONGODB_URI: uri,
    STRIPE_SECRET_KEY: PLATFORM_KEYS.test,
    STRIPE_API_BASE: server.url,
    BILLING_SYNC_HYDRATE: 'never',
    ...env,
  }
  const run = await runCommand(['replay', '--from-stripe', '--json', ...args], { env: settings, config })
  return { ...run, summary: run.stdout === '' ? null : JSON.parse(run.stdout) }
}

const lists = { path: '/v1/events' }

/** Two accounts and the platform, each with events of its own. */
const playTwoShops = async () => {
  const played = await playStripe()
  const { world } = played
  world.clock.advance(-3_600)
  const [first, second] = ['acct_1', 'acct_2'].map((id) => world.account(id))
  if (first === undefined || second === undefined) throw new TypeError('there are two')
  const customer = first.create('customer', { name: 'Ann' }).id
  const product = world.platform().create('product', { name: 'Plan' }).id
  second.create('customer', { name: 'Bob' })
  world.clock.advance(60)
  const update = first.update('customer', customer, { name: 'Anna' }).events[0]
  if (update === undefined) throw new TypeError('a new name is told')
  await db
    .collection<{ _id: string }>('billing.accounts')
    .insertMany(['acct_1', 'acct_2'].map((id) => ({ _id: id, stripe_user_id: id, seq: 0 })))
  return { ...played, first, second, customer, product, update }
}

const names = async () =>
  Object.fromEntries(
    (await db.collection('billing.customers').find().toArray()).map(({ stripe_user_id, name }) => [
      stripe_user_id,
      name,
    ]),
  )

describe('replay --from-stripe', () => {
  test('replays what Stripe keeps of all connected accounts and the platform', async () => {
    const life = await playTwoShops()
    const { summary, exitCode, stderr } = await replay(life)
    expect(summary).toMatchObject({ read: 4, applied: 4, failures: [] })
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(await names()).toEqual({ acct_1: 'Anna', acct_2: 'Bob' })
    expect(await db.collection('billing.products').findOne()).toMatchObject({
      stripe_user_id: PLATFORM_ID,
      stripe_id: life.product,
    })
    const rows = await db.collection('billing.events').find().toArray()
    expect(rows.map(({ source, status }) => [source, status])).toEqual(Array(4).fill(['replay', 'done']))
    expect(life.server.requests.count(lists)).toBe(3)
  })

  test('says nothing new the second time', async () => {
    const life = await playTwoShops()
    await replay(life)
    const { summary } = await replay(life)
    expect(summary).toMatchObject({ read: 4, applied: 0, failed: 0, messages: 0 })
  })

  test('asks for what was not delivered, of one account, type and time', async () => {
    const life = await playTwoShops()
    const created = life.update.created
    const args = ['--undelivered', '--account', 'acct_1', '--type', 'customer.{updated,deleted}']
    const until = new Date((created + 1) * 1000).toISOString()
    await replay(life, [...args, '--since', new Date(created * 1000).toISOString(), '--until', until])
    expect(life.server.requests.matching(lists).map(({ account, params }) => [account, params])).toEqual([
      [
        'acct_1',
        {
          limit: '100',
          types: ['customer.updated', 'customer.deleted'],
          delivery_success: 'false',
          created: { gte: String(created), lt: String(created + 1) },
        },
      ],
    ])
    expect(await names()).toEqual({ acct_1: 'Anna' })
  })

  test('finds events of a type that Stripe may yet add', async () => {
    const life = await playTwoShops()
    const invoice = life.first.create('invoice', { customer: life.customer }).id
    life.first.emitAbout('invoice.of_the_future', 'invoice', invoice)
    const { summary } = await replay(life, ['--account', 'acct_1', '--type', 'invoice.of*,invoice.v*'])
    expect(summary).toMatchObject({ read: 1, applied: 1 })
  })

  test('takes the events that are named and counts the others as filtered', async () => {
    const life = await playTwoShops()
    const { summary } = await replay(life, ['--id', life.update.id])
    expect(summary).toMatchObject({ read: 1, applied: 1, filtered: 3 })
  })

  test('writes nothing in a dry run and shows what would change', async () => {
    const life = await playTwoShops()
    const { summary } = await replay(life, ['--dry-run'])
    expect(summary).toMatchObject({ read: 4, applied: 4 })
    expect(summary.changes).toHaveLength(4)
    expect(await db.collection('billing.events').countDocuments()).toBe(0)
    expect(await db.collection('billing.accounts').countDocuments()).toBe(2)
  })

  test('takes the stored rendering of an event that came as a webhook', async () => {
    const life = await playTwoShops()
    await storeDelivered(life.update, '2024-06-20')
    const { summary } = await replay(life, ['--account', 'acct_1'])
    expect(summary).toMatchObject({ read: 2, failed: 0 })
    const row = await db.collection('billing.events').findOne({ event_id: life.update.id })
    expect(row).toMatchObject({ source: 'webhook', api_version: '2024-06-20', status: 'done' })
    expect(await db.collection('billing.customers').findOne()).toMatchObject({
      name: 'Anna',
      sync: { api_version: '2024-06-20' },
    })
  })

  test('waits out trouble that passes', async () => {
    const life = await playTwoShops()
    life.server.faults.add(lists, { kind: 'rate_limited', reason: 'endpoint-rate' })
    life.server.faults.add(lists, { kind: 'server_error' })
    life.server.faults.add(lists, { kind: 'reset' })
    const { summary } = await replay(life)
    expect(summary).toMatchObject({ read: 4, applied: 4, failures: [] })
  })
})

describe('an account that left', () => {
  test('is noted and told, and the others go on', async () => {
    const life = await playTwoShops()
    life.world.disconnect('acct_1')
    const { summary, exitCode } = await replay(life)
    expect(exitCode).toBe(1)
    expect(summary).toMatchObject({ read: 2, applied: 2 })
    expect(summary.failures).toMatchObject([{ source: 'stripe:acct_1', code: 'account_disconnected' }])
    expect(await db.collection('billing.accounts').findOne({ stripe_user_id: 'acct_1' })).toMatchObject({
      connection: { state: 'disconnected', as_of: new Date(life.world.clock.now() * 1000 - 1) },
    })

    life.server.requests.clear()
    const again = await replay(life, [], { config: { accounts: [{ stripe_user_id: 'acct_1' }] } })
    expect(again.exitCode).toBe(0)
    expect(again.summary.left_out).toEqual(['acct_1'])
    expect(life.server.requests.count({ account: 'acct_1' })).toBe(0)
    const named = await replay(life, ['--account', 'acct_1,acct_2'])
    expect(named.summary).toMatchObject({ read: 1, failures: [{ code: 'account_disconnected' }] })
    expect(named.summary.left_out).toBeUndefined()
    expect(life.server.requests.count({ account: 'acct_1' })).toBe(0)
  })
})

describe('an account with a token of its own', () => {
  const env = { BILLING_SYNC_ENCRYPTION_KEY: Buffer.alloc(32, 5).toString('base64') }
  const token = 'sk_test_sekret_of_acct_2'
  const config = {
    accounts: [
      { stripe_user_id: 'acct_2', access_token: token, webhook_secrets: ['whsec_sekret_of_acct_2'] },
    ],
  }

  test('is asked with it, for its list and for its objects', async () => {
    const life = await playTwoShops()
    life.world.addKey(token, { accountId: 'acct_2' })
    life.world.disconnect('acct_2')
    const given = { env: { ...env, BILLING_SYNC_HYDRATE: 'auto', LOG_LEVEL: 'debug' }, config }
    const { summary, stderr, stdout } = await replay(life, ['--account', 'acct_2'], given)
    expect(summary).toMatchObject({ read: 2, failures: [] })
    const asked = life.server.requests.matching({ account: 'acct_2' })
    expect(asked.map(({ path, secret }) => [path.split('/')[2], secret])).toEqual([
      ['events', token],
      ['customers', token],
    ])
    const stored = JSON.stringify(await db.collection('billing.accounts').find().toArray())
    expect(stderr + stdout + stored).not.toContain('sekret')
  })

  test('is told at once where its token cannot be opened', async () => {
    const life = await playTwoShops()
    await replay(life, ['--account', 'acct_1'], { env, config })
    life.server.requests.clear()
    const other = { BILLING_SYNC_ENCRYPTION_KEY: Buffer.alloc(32, 6).toString('base64') }
    const { exitCode, stdout, stderr } = await replay(life, [], { env: other })
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(
      /^billing-sync: BILLING_SYNC_ENCRYPTION_KEY: it does not open the .* of acct_2 .*$/,
    )
    expect(life.server.requests.count(lists)).toBe(0)
  })

  test('never shows its secrets in a dry run, which uses them', async () => {
    const life = await playTwoShops()
    life.world.addKey(token, { accountId: 'acct_2' })
    const { stdout, stderr, summary } = await replay(life, ['--dry-run', '--account', 'acct_2'], {
      env,
      config,
    })
    expect(summary).toMatchObject({ read: 1, applied: 1 })
    expect(life.server.requests.matching(lists)).toMatchObject([{ secret: token }])
    expect(stdout + stderr).not.toMatch(/sekret|access_token|webhook_secrets|aes-256/)
  })
})

describe('a range that reaches back too far', () => {
  test('names the accounts that need a backfill, and replays the rest', async () => {
    const life = await playTwoShops()
    const { summary, stderr } = await replay(life, ['--since', '60d', '--account', 'acct_1,acct_2'])
    expect(summary).toMatchObject({ read: 3 })
    expect(stderr).toMatch(/30 days/)
    expect(stderr).toMatch(/acct_1,acct_2/)
  })

  test('asks nothing where it ends before what Stripe keeps', async () => {
    const life = await playTwoShops()
    life.world.clock.advance(-40 * day)
    const { summary, exitCode } = await replay(life, ['--since', '60d', '--until', '31d'])
    expect([summary.read, exitCode, life.server.requests.count(lists)]).toEqual([0, 0, 0])
  })

  test('shows people the backfill to run', async () => {
    const { server } = await playTwoShops()
    const env = { MONGODB_URI: uri, STRIPE_SECRET_KEY: PLATFORM_KEYS.test, STRIPE_API_BASE: server.url }
    const { stdout } = await runCommand(['replay', '--from-stripe', '--since', '60d'], { env })
    expect(stdout).toContain('billing-sync backfill --account acct_platform,acct_1,acct_2')
  })
})

describe('options that contradict each other', () => {
  test.each([
    [['x.json'], { undelivered: true }, /--undelivered needs --from-stripe/],
    [[], { undelivered: true, stored: true }, /--undelivered needs --from-stripe/],
    [['x.json'], { fromStripe: true }, /--from-stripe takes no files/],
    [[], { fromStripe: true, stored: true }, /--stored and --from-stripe/],
    [[], { fromStripe: true, status: ['dead'] }, /--status needs --stored/],
    [[], {}, /--stored or --from-stripe/],
  ])('are named: %j %j', (files, flags, problem) => {
    const ask = () => replayRequestOf(files, { effects: 'missing', ...flags }, new Date())
    expect(ask).toThrow(problem)
    expect(ask).toThrow(expect.objectContaining({ code: 'usage_invalid', exitCode: 2 }))
  })

  test('end at once where there is no key', async () => {
    const { exitCode, stdout, stderr } = await runCommand(['replay', '--from-stripe'])
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^billing-sync: STRIPE_SECRET_KEY: .*$/)
  })
})

/** Stores an event as a webhook brought it, rendered for an endpoint of that version. */
const storeDelivered = async (event: EventRecord, apiVersion: string): Promise<void> => {
  const text = JSON.stringify(eventPayload(event, { apiVersion }))
  const parsed = parseStripeEvent(JSON.parse(text))
  if (!('event' in parsed)) throw new TypeError(parsed.problem)
  const delivery = { account: 'acct_1', event: parsed.event, payload: Buffer.from(text) }
  await receiveEvents(db, [delivery], 'webhook')
}

import { beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { openHandling } from '../../../src/commands/opening/open-handling.ts'
import { openStripeCalls } from '../../../src/commands/opening/open-stripe-calls.ts'
import { type Config, loadConfig } from '../../../src/config/config.ts'
import { BillingSyncError } from '../../../src/errors.ts'
import { readKey } from '../../../src/ports/pipeline-store.ts'
import { ensureCollections } from '../../../src/store/collections.ts'
import { runCommand } from '../../support/command.ts'
import { asOpened, openTestDatabase } from '../../support/database.ts'
import { startServeForTest } from '../../support/serve-process.ts'
import { type PlayedStripe, playStripe } from '../../support/stripe/played-stripe.ts'
import { PLATFORM_ID, PLATFORM_KEYS } from '../../support/stripe/world.ts'

const { client, db, uri } = await openTestDatabase()
const database = asOpened({ client, db })
const accounts = db.collection<{ readonly _id: string }>('billing.accounts')

beforeAll(() => ensureCollections(db))

beforeEach(async () => {
  await accounts.deleteMany({})
})

/** Accounts as a start of another platform's left them. */
const keptByAnother = async () => {
  const rows = [
    { _id: 'acct_kept', platform: true, seq: 4 },
    { _id: 'acct_1', listed: true, new_contact: true, seq: 2, mappings: [{ from: 'email', to: 'email' }] },
  ].map((row) => ({ ...row, stripe_user_id: row._id }))
  await accounts.insertMany(rows)
  return rows
}

/** What the config of the start under test says of one of them. */
const listed = [
  { stripe_user_id: 'acct_1', new_contact: false, support: false, mappings: [{ from: 'name', to: 'name' }] },
]

const open = async (settings: Partial<Config>, asksPlatform: boolean, dryRun = false) => {
  const config = { ...(await loadConfig({}, '/')), stripeKey: undefined, accounts: listed, ...settings }
  return openHandling(config, database, {
    source: 'backfill',
    effects: 'none',
    reads: null,
    asksPlatform,
    dryRun,
  })
}

const withKeyOf = ({ server }: PlayedStripe, stripeKey: string = PLATFORM_KEYS.test) => ({
  stripeKey,
  stripeApiBase: server.url,
})

const refusal = async (opening: Promise<unknown>): Promise<BillingSyncError> => {
  const error = await opening.catch((thrown: unknown) => thrown)
  if (!(error instanceof BillingSyncError)) throw new TypeError(`opened ${String(error)}`)
  expect([error.code, error.exitCode]).toEqual(['config_invalid', 2])
  return error
}

const ownAccount = { path: '/v1/account' }

describe.each([
  { run: 'a run', dryRun: false },
  { run: 'a dry run', dryRun: true },
])('$run', ({ dryRun }) => {
  test('that names another platform leaves the accounts as they are', async () => {
    const rows = await keptByAnother()
    const { message } = await refusal(open({ platformAccount: PLATFORM_ID }, false, dryRun))
    expect(message).toMatch(/^STRIPE_ACCOUNT_ID: .* under acct_kept, not acct_platform; set it to acct_kept/)
    expect(message).toContain(db.databaseName)
    expect(await accounts.find().toArray()).toEqual(rows)
  })

  test("that uses another platform's key leaves the accounts as they are", async () => {
    const rows = await keptByAnother()
    const { message } = await refusal(open(withKeyOf(await playStripe()), true, dryRun))
    expect(message).toMatch(/^STRIPE_ACCOUNT_ID: .* set a key of acct_kept/)
    expect(await accounts.find().toArray()).toEqual(rows)
  })

  test('whose platform nobody knows and Stripe does not tell leaves them as they are', async () => {
    await accounts.insertOne({ _id: 'acct_1' })
    const { message } = await refusal(open(withKeyOf(await playStripe(), 'sk_test_of_nobody'), true, dryRun))
    expect(message).toMatch(/^STRIPE_ACCOUNT_ID: .* could not be asked of Stripe/)
    expect(await accounts.find().toArray()).toEqual([{ _id: 'acct_1' }])
  })
})

test('Stripe is asked once whose key is used', async () => {
  const played = await playStripe()
  const { platformAccount, platformOfKey } = await open(withKeyOf(played), true)
  expect([await platformAccount(), await platformOfKey()]).toEqual([PLATFORM_ID, PLATFORM_ID])
  expect(played.server.requests.count(ownAccount)).toBe(1)
  expect(await accounts.findOne({ platform: true } as object)).toMatchObject({ _id: PLATFORM_ID })
})

test('what is known holds where Stripe does not tell, and it is asked once', async () => {
  await accounts.insertOne({ _id: PLATFORM_ID, stripe_user_id: PLATFORM_ID, seq: 0, platform: true } as never)
  const played = await playStripe()
  played.server.faults.add(ownAccount, { kind: 'server_error' })
  const { platformAccount, platformOfKey } = await open(withKeyOf(played), true)
  expect([await platformAccount(), await platformOfKey()]).toEqual([PLATFORM_ID, PLATFORM_ID])
  expect(played.server.requests.count(ownAccount)).toBe(1)
})

test('who uses no key is answered what is known without asking', async () => {
  await keptByAnother()
  const played = await playStripe()
  const { platformAccount, platformOfKey } = await open(withKeyOf(played), false)
  expect(await platformAccount()).toBe('acct_kept')
  expect(played.server.requests.count(ownAccount)).toBe(0)
  await refusal(platformOfKey())
})

test("no object is read with another platform's key", async () => {
  await keptByAnother()
  const played = await playStripe()
  const config = { ...(await loadConfig({}, '/')), ...withKeyOf(played), redisUrl: undefined, accounts: [] }
  const calls = await openStripeCalls(config, {
    key: config.stripeKey,
    requestsPerSecond: null,
    onServed: null,
  })
  onTestFinished(calls.close)
  const reads = { calls, share: 'events', signal: new AbortController().signal } as const
  const { options } = await openHandling(config, database, { source: 'webhook', effects: 'none', reads })
  const opened = await options.store.openAccount('acct_1')
  const request = { kind: 'customer', id: 'cus_1', afterSecond: 0 } as const
  const results = await options.readObjects?.(opened, [request])
  expect(results?.get(readKey(request))).toMatchObject({ failure: { code: 'config_invalid' } })
  expect(played.server.requests.matching({}).map(({ path }) => path)).toEqual([ownAccount.path])
})

const settings = ({ server }: PlayedStripe) => ({
  ...{ MONGODB_URI: uri, STRIPE_SECRET_KEY: PLATFORM_KEYS.test, STRIPE_API_BASE: server.url },
})

test.each([[['backfill', '--all-accounts', '--json']], [['replay', '--from-stripe', '--json']]])(
  "%j with another platform's key ends with 2 and brings nothing in",
  async (args) => {
    const rows = await keptByAnother()
    const played = await playStripe()
    played.world.platform().create('customer', {})
    const { exitCode, stdout, stderr } = await runCommand(args, {
      env: settings(played),
      config: { accounts: listed },
    })
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^billing-sync: STRIPE_ACCOUNT_ID: .*acct_kept.*acct_platform/)
    expect(await accounts.find().toArray()).toEqual(rows)
    expect(await db.collection('billing.customers').countDocuments()).toBe(0)
    expect(played.server.requests.count()).toBe(1)
  },
)

test("serve with another platform's key ends with 2 and asks for nothing of the accounts", async () => {
  await keptByAnother()
  const played = await playStripe()
  const { ended } = await startServeForTest({ uri, args: ['--catch-up'], env: settings(played) })
  const { exitCode, stderr } = await ended
  expect(exitCode).toBe(2)
  expect(stderr).toMatch(/^billing-sync: STRIPE_ACCOUNT_ID: .*acct_kept/m)
  expect(played.server.requests.count()).toBe(1)
  expect(await accounts.find({ 'connection.state': 'disconnected' } as object).toArray()).toEqual([])
})

import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeEach, describe, expect, test } from 'vitest'
import type { AccountRow } from '../../../src/store/accounts.ts'
import { runBackfill, startBackfill } from '../../support/backfill-command.ts'
import { program, terminal } from '../../support/billing-sync.ts'
import { openTestDatabase } from '../../support/database.ts'
import { mirroredState, servedState } from '../../support/served-state.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { populate } from '../../support/stripe/population.ts'
import { PLATFORM_ID, PLATFORM_KEYS } from '../../support/stripe/world.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const { db, uri } = await openTestDatabase()

beforeEach(async () => {
  const collections = await db.listCollections({}, { nameOnly: true }).toArray()
  await Promise.all(collections.map(({ name }) => db.collection(name).deleteMany({})))
})

/** A played Stripe whose acct_1 and platform have some of everything, an hour old. */
const grownAccounts = async () => {
  const played = await playStripe()
  played.world.clock.advance(-3_600)
  const account = played.world.account('acct_1')
  const counts = {
    customers: 130,
    products: 3,
    subscriptions: 20,
    paidInvoices: 120,
    refunds: 5,
    disputes: 2,
  }
  populate(account, { ...counts, secondsApart: 0 })
  populate(played.world.platform(), { customers: 4 })
  const lines = Array.from({ length: 23 }, (_, index) => ({ amount: index + 1 }))
  account.seed('invoice', { lines, customer: account.ids('customer')[0] ?? null })
  played.world.clock.run()
  return { ...played, account, place: { uri, url: played.server.url } }
}

describe('a first backfill', () => {
  test('mirrors everything that Stripe serves, and a second one changes nothing', async () => {
    const { account, place } = await grownAccounts()
    const first = await runBackfill(['--account', 'acct_1'], place)
    expect(first).toMatchObject({ exitCode: 0, summary: { errors: {}, drift: [] } })
    expect(first.summary.accounts.acct_1).toMatchObject({
      customers: { read: 130, applied: 130, unchanged: 0, failed: 0, retries: 0, complete: true },
      products: { read: 3, applied: 3, requests: 1, complete: true },
      invoices: { read: 121, complete: true },
      charges: { read: 120, complete: true },
    })
    expect(await mirroredState(db)).toEqual(servedState([account]))
    const second = await runBackfill(['--account', 'acct_1'], place)
    expect(second.exitCode).toBe(0)
    expect(second.summary.accounts.acct_1).toMatchObject({
      customers: { read: 130, applied: 0, unchanged: 130 },
      invoices: { read: 121, applied: 0 },
      charges: { applied: 0, unchanged: 120 },
    })
  })

  test('asks for a list that ends within its first page once, without a filter', async () => {
    const { server, place } = await grownAccounts()
    await runBackfill(['--account', 'acct_1', '--resource', 'products'], place)
    const requests = server.requests.matching({ path: '/v1/products' })
    expect(requests.map(({ params }) => params.created)).toEqual([undefined])
  })

  const gone = { state: 'disconnected', as_of: new Date(0) } as const

  test('of all accounts covers the platform and leaves out who is gone', async () => {
    const { world, place } = await grownAccounts()
    await db.collection<AccountRow>('billing.accounts').insertMany([
      { _id: 'acct_1', stripe_user_id: 'acct_1', seq: 0 },
      { _id: 'acct_gone', stripe_user_id: 'acct_gone', seq: 0, connection: gone },
    ])
    world.disconnect('acct_gone')
    const { exitCode, summary } = await runBackfill(['--all-accounts', '--resource', 'customers'], place)
    expect([exitCode, Object.keys(summary.accounts).sort()]).toEqual([0, ['acct_1', PLATFORM_ID]])
    const platform = { customers: { read: 4, complete: true } }
    expect(summary).toMatchObject({ accounts: { [PLATFORM_ID]: platform }, left_out: ['acct_gone'] })
  })

  test('stores contacts of paid invoices and no messages, unless they are asked for', async () => {
    const { place } = await grownAccounts()
    await runBackfill(['--account', 'acct_1'], place)
    expect(await db.collection('support.messages').countDocuments()).toBe(0)
    expect(await db.collection('crm.contacts').countDocuments()).toBeGreaterThan(0)
    await runBackfill(['--account', 'acct_1', '--effects', 'missing'], place)
    expect(await db.collection('support.messages').countDocuments()).toBe(120)
    await runBackfill(['--account', 'acct_1', '--effects', 'missing'], place)
    expect(await db.collection('support.messages').countDocuments()).toBe(120)
  })
})

describe('a range', () => {
  test('takes the objects created in it, its end left out', async () => {
    const { account, world, place } = await grownAccounts()
    world.clock.set(Date.parse('2026-03-01T00:00:00Z') / 1000)
    for (const offset of [-1, 0, 1, 2])
      account.seed('product', { id: `p${offset}`, created: world.clock.now() + offset })
    const range = ['--since', '2026-03-01', '--until', '2026-03-01T00:00:02Z']
    const { summary } = await runBackfill(['--account', 'acct_1', '--resource', 'products', ...range], place)
    expect(summary.accounts.acct_1?.products).toMatchObject({ read: 2, applied: 2 })
    expect((await db.collection('billing.products').distinct('stripe_id')).sort()).toEqual(['p0', 'p1'])
  })
})

describe('a dry run', () => {
  test('writes nothing and lists what would change', async () => {
    const { place } = await grownAccounts()
    const { exitCode, summary } = await runBackfill(
      ['--account', 'acct_1', '--resource', 'products', '--dry-run'],
      place,
    )
    expect(exitCode).toBe(0)
    expect(summary.accounts.acct_1?.products).toMatchObject({ read: 3, applied: 3, complete: true })
    const collections = summary.changes?.map(({ collection }) => collection)
    expect(collections?.filter((name) => name === 'billing.products')).toHaveLength(3)
    expect(new Set(collections)).toEqual(new Set(['billing.accounts', 'billing.products']))
    for (const name of ['billing.products', 'billing.cursors', 'billing.accounts'])
      expect(await db.collection(name).countDocuments()).toBe(0)
  })
})

describe('single objects', () => {
  test('are retrieved and applied, whatever lists show', async () => {
    const { account, place } = await grownAccounts()
    const charge = account.ids('charge')[0] ?? ''
    account.seed('product', { id: 'tea' })
    const { exitCode, summary } = await runBackfill(['--account', 'acct_1', '--id', `${charge},tea`], place)
    expect(exitCode).toBe(0)
    expect(summary.accounts.acct_1).toMatchObject({
      charges: { read: 1, applied: 1, complete: true },
      products: { read: 1, applied: 1 },
    })
    expect(await db.collection('billing.charges').distinct('stripe_id')).toEqual([charge])
  })

  test('that are stored and gone at Stripe become tombstones', async () => {
    const { account, place, world } = await grownAccounts()
    account.seed('product', { id: 'tea' })
    const customer = account.seed('customer', {})
    const ids = ['--id', `tea,${customer}`]
    await runBackfill(['--account', 'acct_1', ...ids, '--id', account.ids('customer')[0] ?? ''], place)
    // `Date` headers tell Stripe's clock to the second only: a read so soon after another may be stamped before it.
    world.clock.advance(2)
    account.delete('product', 'tea')
    account.delete('customer', customer)
    const { exitCode } = await runBackfill(['--account', 'acct_1', ...ids], place)
    expect(exitCode).toBe(0)
    expect(await db.collection('billing.products').findOne({ stripe_id: 'tea' })).toMatchObject({
      deleted: true,
    })
    expect(await db.collection('billing.customers').findOne({ stripe_id: customer })).toMatchObject({
      deleted: true,
    })
  })

  test('that nobody knows are failures', async () => {
    const { place } = await grownAccounts()
    const args = ['--account', 'acct_1', '--id', 'ch_nobody,in_nobody']
    const { exitCode, summary } = await runBackfill(args, place)
    expect(exitCode).toBe(1)
    expect(summary.accounts.acct_1?.charges).toMatchObject({ failed: 1, complete: false })
    expect(summary.errors.acct_1).toMatchObject({ code: 'object_missing' })
    expect(summary.errors.acct_1?.message).toContain('has ch_nobody, in_nobody of acct_1')
  })
})

describe('single objects when the command is asked to stop', () => {
  /** Stops the command while Stripe holds back the second of three customers, and answers what it told. */
  const stopAtSecond = async (answers: 'is answered' | 'stays silent') => {
    const { account, server, place } = await grownAccounts()
    const ids = account.ids('customer').slice(0, 3)
    const held = server.hold({ path: /^\/v1\/customers\/./ }, { times: 2, after: 1 })
    const { child } = await startBackfill(['--account', 'acct_1', '--id', ids.join(), '--json'], place)
    await held.arrived()
    child.kill('SIGTERM')
    // Should the answer be faster than the signal, the third is asked for, and held.
    if (answers === 'is answered') held.release()
    // The process ends once no request is under way, but it has told by then what came of it.
    await once(child.stdout, 'data')
    held.releaseAll()
    const { exitCode, stdout } = await child
    const stored = await db.collection('billing.customers').distinct('stripe_id')
    return { exitCode, summary: JSON.parse(String(stdout)), stored, ids }
  }

  test.each([
    ['is answered', 2],
    ['stays silent', 1],
  ] as const)('are left untried, and uncounted, after one that %s', async (answers, read) => {
    const { exitCode, summary, stored, ids } = await stopAtSecond(answers)
    expect(exitCode).toBe(143)
    expect(summary.errors.acct_1).toMatchObject({
      code: 'account_incomplete',
      message: expect.stringContaining('it was interrupted'),
    })
    const done = { read, applied: read, unchanged: 0, failed: 0, complete: false }
    expect(summary.accounts.acct_1.customers).toMatchObject(done)
    expect(stored).toEqual(ids.slice(0, read).sort())
  })
})

describe('what keeps an account from being complete', () => {
  test('an account that is gone is named and marked, and the others go on', async () => {
    const { world, place } = await grownAccounts()
    world.account('acct_2')
    world.disconnect('acct_2')
    const { exitCode, summary } = await runBackfill(
      ['--account', 'acct_2,acct_1', '--resource', 'customers'],
      place,
    )
    expect(exitCode).toBe(1)
    expect(summary.errors).toMatchObject({ acct_2: { code: 'account_disconnected' } })
    expect(summary.accounts.acct_1?.customers).toMatchObject({ complete: true })
    expect(await db.collection('billing.accounts').findOne({ stripe_user_id: 'acct_2' })).toMatchObject({
      connection: { state: 'disconnected' },
    })
    // Within one second an account counts as cut off, whatever else is told of it.
    world.clock.advance(1)
    world.connect('acct_2')
    expect(await runBackfill(['--account', 'acct_2'], place)).toMatchObject({ exitCode: 0 })
    expect(await db.collection('billing.accounts').findOne({ stripe_user_id: 'acct_2' })).toMatchObject({
      connection: { state: 'connected' },
    })
  })

  test('an account that the config does not list waits for it', async () => {
    const { place } = await grownAccounts()
    const files = { 'billing-sync.config.json': '{"unknown_accounts":"park"}' }
    const { exitCode, summary } = await runBackfill(['--account', 'acct_1'], { ...place, files })
    expect({ exitCode, errors: summary.errors }).toMatchObject({
      exitCode: 1,
      errors: { acct_1: { code: 'account_parked' } },
    })
    expect(await db.collection('billing.customers').countDocuments()).toBe(0)
  })

  test('an empty list of a resource that is stored tells of a wrong key', async () => {
    const { world, place } = await grownAccounts()
    await runBackfill(['--account', 'acct_1', '--resource', 'customers'], place)
    for (const id of world.account('acct_1').ids('customer'))
      world.account('acct_1').state.drop(world.account('acct_1').stored('customer', id))
    const { exitCode, summary } = await runBackfill(['--account', 'acct_1', '--resource', 'customers'], place)
    expect(exitCode).toBe(1)
    expect(summary.errors).toMatchObject({ acct_1: { code: 'list_empty' } })
  })
})

test('a file gets the result without control characters while a terminal shows the progress', async () => {
  const { world, server } = await playStripe()
  populate(world.account('acct_1'), { customers: 3 })
  const folder = await temporaryFolder()
  const line = `exec "$0" "$@" > ${join(folder, 'result.txt')}`
  const args = ['backfill', '--account', 'acct_1', '--resource', 'customers']
  const screen = await execa('python3', [terminal, 'sh', '-c', line, process.execPath, program, ...args], {
    cwd: folder,
    env: {
      ...{ MONGODB_URI: uri, STRIPE_SECRET_KEY: PLATFORM_KEYS.test, STRIPE_API_BASE: server.url },
      ...{ STRIPE_ACCOUNT_ID: PLATFORM_ID, REDIS_URL: '', SOCKET_SECRET: '', NO_COLOR: '', CI: 'false' },
      ...{ FORCE_COLOR: '1', TERM: 'xterm-256color', CONTINUOUS_INTEGRATION: 'false' },
    },
  })
  expect(screen.stdout).toContain('\u001B')
  const result = await readFile(join(folder, 'result.txt'), 'utf8')
  expect(result).toMatch(/^ {2}customers +3 +3 /m)
  expect(result.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
})

describe('bad usage', () => {
  test('ends with 2 and one line that names the option', async () => {
    const { exitCode, stdout, stderr } = await (
      await startBackfill(['--all-accounts', '--account', 'acct_1'], { uri, url: 'http://127.0.0.1:9' })
    ).child
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain('--all-accounts')
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  test('no key ends with 2 and names the variable', async () => {
    const { exitCode, stderr } = await (
      await startBackfill(['--account', 'acct_1'], { uri, url: 'http://127.0.0.1:9', secretKey: '' })
    ).child
    expect(exitCode).toBe(2)
    expect(stderr).toContain('STRIPE_SECRET_KEY')
  })

  test('a key of the mode that is not wanted ends with 2 and names both', async () => {
    const env = { BILLING_SYNC_MODE: 'live' }
    const { child } = await startBackfill(['--account', 'acct_1'], { uri, url: 'http://127.0.0.1:9', env })
    const { exitCode, stdout, stderr } = await child
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toMatch(/BILLING_SYNC_MODE.*STRIPE_SECRET_KEY/)
  })
})

import { describe, expect, test } from 'vitest'
import { runBackfill, startBackfill } from '../../support/backfill-command.ts'
import { backfillHere, fillMirror } from '../../support/backfill-here.ts'
import { openTestDatabase } from '../../support/database.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { populate } from '../../support/stripe/population.ts'

const { db, uri } = await openTestDatabase()

const deep = `${'['.repeat(120)}${']'.repeat(120)}`

test('objects that cannot be applied are named with their causes, in the summary and in the log', async () => {
  const { server } = await playStripe()
  const page = {
    object: 'list',
    has_more: false,
    data: [7, { id: 'prod_deep', object: 'product', created: 1 }],
  }
  const body = JSON.stringify(page).replace('"created":1', `"created":1,"deep":${deep}`)
  server.faults.add({ path: '/v1/products' }, { kind: 'wrong_json', body })
  const args = ['--account', 'acct_1', '--resource', 'products']
  const { exitCode, summary, stderr } = await runBackfill(args, { uri, url: server.url })
  expect(exitCode).toBe(1)
  expect(summary.accounts.acct_1?.products).toMatchObject({ read: 2, failed: 2 })
  const failed = { account: 'acct_1', collection: 'billing.products', error: expect.any(String) }
  expect(summary).toMatchObject({ failures_omitted: 0, failures: expect.any(Array) })
  expect(new Set(summary.failures)).toEqual(
    new Set([
      { ...failed, stripe_id: 'prod_deep', code: 'payload_unstorable' },
      { ...failed, stripe_id: null, code: 'entry_invalid' },
    ]),
  )
  const lines = stderr.split('\n').filter((line) => line.includes('object failed'))
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { account: 'acct_1', type: 'products', object_id: 'prod_deep', code: 'payload_unstorable' },
    { account: 'acct_1', type: 'products', object_id: null, code: 'entry_invalid' },
  ])
})

describe('entries of the list of invoice payments that fail', () => {
  /** An account of its own, with its list of invoice payments answered once by one that is none and one too deep. */
  const strayingAccount = async (account: string) => {
    const { server, world } = await playStripe()
    populate(world.account(account), { customers: 1, paidInvoices: 2 })
    world.clock.run()
    const stray = `7,{"id":"inpay_deep","object":"invoice_payment","created":1,"deep":${deep}}`
    const body = `{"object":"list","has_more":false,"data":[${stray}]}`
    const fail = () => server.faults.add({ path: '/v1/invoice_payments' }, { kind: 'wrong_json', body })
    const args = ['--account', account, '--resource', 'invoices,charges']
    return { server, fail, args, place: { uri, url: server.url } }
  }

  test('end the run with 1, and are none of the objects that were read', async () => {
    const { fail, args, place } = await strayingAccount('acct_3')
    fail()
    const { hasFailures, summary } = await backfillHere(args, place)
    const { invoices, charges } = summary.accounts.acct_3 ?? {}
    expect([hasFailures, summary.errors, summary.failures?.length]).toEqual([true, {}, 2])
    expect(invoices).toMatchObject({ read: 2, applied: 2, unchanged: 0, failed: 2 })
    expect(charges).toMatchObject({ read: 2, applied: 2, unchanged: 0, failed: 0 })
  })

  test('end the run with 1 that goes on after an interruption', async () => {
    const { server, fail, args, place } = await strayingAccount('acct_4')
    fail()
    const held = server.hold({ path: '/v1/invoices' }, { times: 1 })
    const { child } = await startBackfill(args, place)
    await held.arrived()
    const walked = { stripe_user_id: 'acct_4', resource: 'invoice_payments', completed_at: { $ne: null } }
    await expect
      .poll(() => db.collection('billing.cursors').countDocuments(walked), { timeout: 20_000 })
      .toBe(1)
    child.kill('SIGKILL')
    held.releaseAll()
    await child
    const { exitCode, summary } = await runBackfill(args, place)
    expect([exitCode, summary.errors]).toEqual([1, {}])
    expect(summary.accounts.acct_4?.invoices).toMatchObject({ read: 2, applied: 2, failed: 2 })
  })

  test('end a drift audit with 1 where they are no objects', async () => {
    const { fail, args, place } = await strayingAccount('acct_5')
    await fillMirror(args, place)
    fail()
    const { exitCode, summary } = await runBackfill([...args, '--verify'], place)
    expect(exitCode).toBe(1)
    expect(summary.accounts.acct_5?.invoices).toMatchObject({ read: 2, unchanged: 2, failed: 1 })
  })
})

test('an entry of a list that is no object is named by a drift audit, to programs and to people', async () => {
  const { server, world } = await playStripe()
  const account = world.account('acct_8')
  populate(account, { products: 2 })
  account.seed('product', { id: 'a'.repeat(256) })
  world.clock.run()
  const args = ['--account', 'acct_8', '--resource', 'products', '--verify']
  const place = { uri, url: server.url }
  const { exitCode, summary, stderr } = await runBackfill(args, place)
  expect([exitCode, summary.accounts.acct_8?.products]).toMatchObject([1, { read: 3, failed: 1 }])
  const told = { account: 'acct_8', code: 'entry_invalid' }
  expect(summary.failures).toMatchObject([{ ...told, collection: 'billing.products', stripe_id: null }])
  const lines = stderr.split('\n').filter((line) => line.includes('object failed'))
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ ...told, type: 'products' }])
  const { child } = await startBackfill(args, place)
  expect((await child).stdout).toContain('Stripe lists an entry of its products that is no object')
})

test('a relative that was read along with a single object and cannot be stored is named', async () => {
  const { server, world } = await playStripe()
  const account = world.account('acct_6')
  const refunded = { customer: account.seed('customer', {}), amount: 1000, amount_refunded: 100 }
  const charge = account.seed('charge', { ...refunded, payment_intent: null })
  const refund = account.seed('refund', { charge, deep: JSON.parse(deep) })
  world.clock.run()
  const args = ['--account', 'acct_6', '--id', charge]
  const { hasFailures, summary } = await backfillHere(args, { uri, url: server.url })
  expect(hasFailures).toBe(true)
  expect(summary.accounts.acct_6?.charges).toMatchObject({ read: 1, applied: 1, failed: 1, complete: false })
  const { code, message = '' } = summary.errors.acct_6 ?? {}
  expect([code, message.split(`refund ${refund}: `).length]).toEqual(['account_incomplete', 2])
  const told = { account: 'acct_6', collection: 'billing.refunds', stripe_id: refund }
  expect(summary.failures).toMatchObject([{ ...told, code: 'payload_unstorable' }])
})

test('single objects that nobody knows are listed, and named once to people', async () => {
  const { server, world } = await playStripe()
  world.account('acct_9').seed('customer', {})
  const args = ['--account', 'acct_9', '--id', 'ch_nobody,in_nobody']
  const place = { uri, url: server.url }
  const { exitCode, summary } = await runBackfill(args, place)
  expect(exitCode).toBe(1)
  const told = { account: 'acct_9', code: 'object_missing', error: expect.stringMatching(/^Neither Stripe/) }
  expect(summary.failures).toEqual([
    { ...told, collection: 'billing.charges', stripe_id: 'ch_nobody' },
    { ...told, collection: 'billing.invoices', stripe_id: 'in_nobody' },
  ])
  const { child } = await startBackfill(args, place)
  expect(String((await child).stdout).split('ch_nobody')).toHaveLength(2)
})

test('a single object that failed is named where the account then ends over something else', async () => {
  const { server, world } = await playStripe()
  const account = world.account('acct_10')
  const unstorable = account.seed('product', { deep: JSON.parse(deep) })
  const customer = account.seed('customer', {})
  const held = server.hold({ path: `/v1/customers/${customer}` }, { times: 1, readsAt: 'release' })
  const args = ['--account', 'acct_10', '--id', `${unstorable},${customer}`]
  const { child } = await startBackfill(args, { uri, url: server.url })
  await held.arrived()
  world.disconnect('acct_10')
  held.releaseAll()
  const text = String((await child).stdout)
  expect(text).toMatch(/^ {2}account_disconnected \(1\)$/m)
  expect(text).toMatch(/^ {2}payload_unstorable \(1\)$/m)
  expect(text).toContain(unstorable)
})

test('an invoice payment that fails as its invoice carries it and in its own list is told once', async () => {
  const { server } = await playStripe()
  const listOf = (entry: string): string => `{"object":"list","has_more":false,"data":[${entry}]}`
  const payment = `{"id":"inpay_deep","object":"invoice_payment","created":1,"deep":${deep}}`
  const invoice = `{"id":"in_1","object":"invoice","created":1,"payments":${listOf(payment)}}`
  server.faults.add({ path: '/v1/invoices' }, { kind: 'wrong_json', body: listOf(invoice) })
  const args = ['--account', 'acct_7', '--resource', 'invoices']
  const place = { uri, url: server.url }
  const ids = ['in_1', 'inpay_deep']
  const carried = await runBackfill([...args, '--dry-run'], place)
  expect(carried.summary.failures?.map(({ stripe_id }) => stripe_id).sort()).toEqual(ids)
  expect(carried.summary.accounts.acct_7?.invoices).toMatchObject({ read: 1, failed: 2 })
  server.faults.add({ path: '/v1/invoices' }, { kind: 'wrong_json', body: listOf(invoice) })
  server.faults.add({ path: '/v1/invoice_payments' }, { kind: 'wrong_json', body: listOf(payment) })
  const listed = await backfillHere(args, place)
  expect(listed.summary.failures?.map(({ stripe_id }) => stripe_id).sort()).toEqual(ids)
  expect(listed.summary.accounts.acct_7?.invoices).toMatchObject({ read: 1, failed: 2 })
})

test.each([
  [
    ['--account', 'acct_1,acct_2'],
    ['acct_1', 'acct_2'],
  ],
  [['--all-accounts'], ['*']],
])('%j whose database is away tells so for each account, in one JSON document', async (args, accounts) => {
  const { server } = await playStripe()
  const away = 'mongodb://127.0.0.1:1/billing?serverSelectionTimeoutMS=100'
  const { exitCode, summary } = await runBackfill(args, { uri: away, url: server.url })
  expect(exitCode).toBe(1)
  expect(Object.keys(summary.accounts)).toEqual(accounts)
  expect(Object.entries(summary.errors).map(([account, { code }]) => [account, code])).toEqual(
    accounts.map((account) => [account, 'mongodb_unavailable']),
  )
})

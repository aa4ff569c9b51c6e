import { expect, test } from 'vitest'
import { runBackfill } from '../../support/backfill-command.ts'
import { openTestDatabase } from '../../support/database.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'

const { uri } = await openTestDatabase()

test('objects that cannot be applied are named with their causes, in the summary and in the log', async () => {
  const { server } = await playStripe()
  const deep = `${'['.repeat(120)}${']'.repeat(120)}`
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

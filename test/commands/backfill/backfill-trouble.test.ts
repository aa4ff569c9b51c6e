import { expect, test } from 'vitest'
import { ensureCollections } from '../../../src/store/collections.ts'
import { type BackfillPlace, runBackfill } from '../../support/backfill-command.ts'
import { openTestDatabase } from '../../support/database.ts'
import { mirroredState, servedState } from '../../support/served-state.ts'
import type { Fault } from '../../support/stripe/faults.ts'
import { type PlayedStripe, playStripe } from '../../support/stripe/played-stripe.ts'
import { populate } from '../../support/stripe/population.ts'
import type { StripeAccount } from '../../support/stripe/stripe-account.ts'

const { db, uri } = await openTestDatabase()

/** With FULL set as many as a small platform has. */
const accountCount = process.env.FULL === undefined ? 6 : 20

const accountIds = Array.from({ length: accountCount }, (_, index) => `acct_${index + 1}`)

/** Accounts of different sizes, with ties where pages end, cut lists and products of the merchant's naming. */
const shops = ({ world }: PlayedStripe): readonly StripeAccount[] =>
  accountIds.map((id, index) => {
    const account = world.account(id)
    const size = (index % 6) * 30
    const counts = { customers: 100 + size, products: 2, subscriptions: size, paidInvoices: size, charges: 7 }
    populate(account, { ...counts, refunds: size / 2, disputes: index % 6, secondsApart: index % 2 })
    const lines = Array.from({ length: 15 }, (_, line) => ({ amount: line }))
    account.seed('invoice', { lines, customer: account.ids('customer')[0] ?? null })
    account.seed('product', { id: `tea ${index}` })
    return account
  })

const faults: readonly Fault[] = [
  ...(
    [
      'global-rate',
      'global-concurrency',
      'endpoint-rate',
      'endpoint-concurrency',
      'resource-specific',
    ] as const
  ).map((reason): Fault => ({ kind: 'rate_limited', reason })),
  { kind: 'lock_timeout' },
  { kind: 'conflict' },
  { kind: 'server_error' },
  { kind: 'server_error', status: 503, shouldRetry: true },
  { kind: 'reset' },
  { kind: 'truncated' },
  { kind: 'slow', chunkBytes: 20_000, everyMs: 5 },
  { kind: 'wrong_json' },
  { kind: 'empty_page' },
  { kind: 'latency', ms: 300 },
]

test('whatever Stripe answers in between, the mirror equals what it serves', async () => {
  const played = await playStripe()
  const { server, world } = played
  world.clock.advance(-86_400)
  const accounts = shops(played)
  world.clock.run()
  for (const fault of faults) server.faults.add({ path: /^\/v1\/[a-z_]+$/ }, fault, { after: 1 })
  const place: BackfillPlace = { uri, url: server.url }
  const { exitCode, summary } = await runBackfill(['--account', accountIds.join()], place)
  expect(summary.errors).toEqual({})
  expect(exitCode).toBe(0)
  expect(server.faults.pending).toBe(0)
  const retries = Object.values(summary.accounts).flatMap((resources) =>
    Object.values(resources).map((count) => count.retries),
  )
  expect(retries.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(10)
  expect(await mirroredState(db)).toEqual(servedState(accounts))
}, 300_000)

test('what is made and deleted meanwhile is mirrored, and who leaves does not stop the others', async () => {
  await db.dropDatabase()
  const played = await playStripe()
  const { server, world } = played
  world.clock.advance(-86_400)
  const accounts = shops(played)
  const [first, second, third] = accounts
  if (first === undefined || second === undefined || third === undefined) throw new RangeError('no shops')
  const [cursor = ''] = first.ids('customer')
  world.clock.run()
  let isChanged = false
  server.onRequest(({ path, params }) => {
    if (isChanged || path !== '/v1/customers' || params.starting_after === undefined) return
    isChanged = true
    for (const account of [second, third]) account.seed('customer', { name: 'New' })
    first.delete('customer', cursor)
    world.disconnect('acct_6')
  })
  const { exitCode, summary } = await runBackfill(['--account', accountIds.join()], { uri, url: server.url })
  expect(exitCode).toBe(1)
  expect(Object.entries(summary.errors).map(([account, { code }]) => [account, code])).toEqual([
    ['acct_6', 'account_disconnected'],
  ])
  const stored = await mirroredState(db)
  const served = servedState(accounts.filter(({ id }) => id !== 'acct_1' && id !== 'acct_6'))
  const ofOthers = (documents: readonly { readonly key: string }[]) =>
    documents.filter(({ key }) => !/acct_[16]\b/.test(key))
  for (const [collection, documents] of Object.entries(served))
    expect(ofOthers(stored[collection] ?? [])).toEqual(documents)
}, 300_000)

test('a run whose end cannot be noted is told of, and comes to it when it is given again', async () => {
  const { server, world } = await playStripe()
  world.account('acct_alone').seed('product')
  world.clock.run()
  await ensureCollections(db)
  const isOfOpenRun = { $or: [{ command: { $exists: false } }, { completed_at: null }] }
  await db.command({ collMod: 'billing.cursors', validator: isOfOpenRun })
  const args = ['--account', 'acct_alone', '--resource', 'products']
  const place = { uri, url: server.url }
  const { exitCode, summary } = await runBackfill(args, place)
  await db.command({ collMod: 'billing.cursors', validator: {} })
  expect([exitCode, Object.keys(summary.errors)]).toEqual([1, ['acct_alone']])
  expect(summary.accounts.acct_alone?.products).toMatchObject({ read: 1, complete: true })
  server.requests.clear()
  expect(await runBackfill(args, place)).toMatchObject({ exitCode: 0, summary: { errors: {} } })
  expect(server.requests.count({ path: '/v1/products' })).toBe(0)
})

import { expect, test } from 'vitest'
import { startBackfill } from '../../support/backfill-command.ts'
import { openTestDatabase } from '../../support/database.ts'
import { openTestRedis } from '../../support/redis-server.ts'
import { webhookSecret as secret, startServeForTest } from '../../support/serve-process.ts'
import { deliver } from '../../support/stripe/deliver.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import type { LoggedRequest } from '../../support/stripe/request-log.ts'
import { PLATFORM_ID } from '../../support/stripe/world.ts'
import { untilStored } from '../../support/until.ts'

const { db, uri } = await openTestDatabase()
const redis = await openTestRedis()

/** Stripe's own in test mode. */
const allowed = 25
/** What is left to lists while a `serve` is there. */
const leftToLists = 18

/** Two keys of one account tell apart who asks, and share its budget. */
const keys = { serve: 'sk_test_of_serve', backfill: 'sk_test_of_backfill' }

const customersRead = { path: /^\/v1\/customers\/cus_/ }

const playShop = async () => {
  const played = await playStripe({ limits: { perEndpoint: allowed, perAccount: allowed } })
  const { world, server } = played
  for (const key of Object.values(keys)) world.addKey(key, { accountId: PLATFORM_ID, mode: 'test' })
  world.clock.advance(-3_600)
  const account = world.account('acct_1')
  const ids = Array.from({ length: 120 }, (_, index) => account.seed('customer', { name: `Ann ${index}` }))
  world.clock.advance(60)
  const events = ids.slice(0, 15).flatMap((id) => account.update('customer', id, { phone: '1' }).events)
  const requestsOf = (secretKey: string): readonly LoggedRequest[] =>
    server.requests.matching({ where: (request) => request.secret === secretKey })
  return { ...played, ids, events, requestsOf }
}

/** Returns the most requests that lie within any second. */
const mostInASecond = (requests: readonly LoggedRequest[]): number =>
  Math.max(
    ...requests.map(
      ({ atMs: start }) => requests.filter(({ atMs }) => atMs >= start && atMs < start + 1_000).length,
    ),
  )

test('a backfill leaves a serve beside it a quarter of the budget, over Redis', async () => {
  const { server, ids, events, requestsOf } = await playShop()
  const env = { STRIPE_ACCOUNT_ID: PLATFORM_ID, STRIPE_API_BASE: server.url, REDIS_URL: redis.url }
  const serve = await startServeForTest({ uri, env: { ...env, STRIPE_SECRET_KEY: keys.serve } })
  const [first, ...others] = events
  if (first === undefined) throw new RangeError('no events')
  const rows = db.collection('billing.events')
  server.faults.add(customersRead, { kind: 'rate_limited', reason: 'resource-specific' })
  await deliver([first], { url: serve.webhooks, secret })
  await untilStored(rows, { status: 'done' })

  const place = { uri, url: server.url, secretKey: keys.backfill, env }
  const { child } = await startBackfill(['--account', 'acct_1', '--id', ids.join()], place)
  await server.requests.waitFor({ where: (request) => request.secret === keys.backfill }, leftToLists)
  await deliver(others, { url: serve.webhooks, secret }, { concurrency: 14 })
  await untilStored(rows, { status: 'done' }, events.length)
  expect((await child).exitCode).toBe(0)

  expect(server.limits.violations).toEqual([])
  expect(mostInASecond(requestsOf(keys.backfill))).toBeLessThanOrEqual(leftToLists)
  // Its events did not wait for the backfill to end; on a busy machine the last of them may come that late.
  const ofServe = requestsOf(keys.serve)
  const lastOfBackfill = requestsOf(keys.backfill).at(-1)?.atMs ?? 0
  expect(ofServe[Math.floor(ofServe.length / 2)]?.atMs).toBeLessThan(lastOfBackfill)

  const metrics = await (await fetch(`${serve.url}/metrics`)).text()
  const answered = (status: number) => requestsOf(keys.serve).filter((request) => request.status === status)
  expect(metrics).toContain(
    `billing_sync_stripe_requests_total{endpoint="customers/:id",outcome="ok"} ${answered(200).length}\n`,
  )
  expect(metrics).toContain(
    'billing_sync_stripe_requests_total{endpoint="customers/:id",outcome="limited"} 1\n',
  )
  expect(metrics).toContain('billing_sync_stripe_limited_total{reason="resource-specific"} 1\n')
}, 120_000)

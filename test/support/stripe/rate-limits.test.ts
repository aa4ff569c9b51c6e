import { expect, test } from 'vitest'
import { playStripe, sdkOf } from './played-stripe.ts'
import { RateLimits } from './rate-limits.ts'
import { PLATFORM_KEYS } from './world.ts'

test('a window slides: what left it makes room', () => {
  const limits = new RateLimits({ perEndpoint: 2, perAccount: 3 })
  const admit = (endpoint: string, atMs: number): unknown =>
    limits.admit({ account: 'acct_1 test', endpoint, atMs })
  expect([0, 400, 999].map((atMs) => admit('/v1/charges', atMs))).toEqual([null, null, 'endpoint-rate'])
  expect(admit('/v1/charges', 1_000)).toBeNull()
  expect(admit('/v1/refunds', 1_001)).toBeNull()
  expect(admit('/v1/refunds', 1_002)).toBe('global-rate')
  expect(limits.admit({ account: 'acct_2 test', endpoint: '/v1/refunds', atMs: 1_002 })).toBeNull()
  expect(limits.violations.map(({ endpoint, atMs }) => [endpoint, atMs])).toEqual([
    ['/v1/charges', 999],
    ['/v1/refunds', 1_002],
  ])
})

test('all ids of one endpoint share its limit', async () => {
  const { server, stripe, world } = await playStripe({ limits: { perEndpoint: 2, windowMs: 600_000 } })
  for (const id of ['ch_1', 'ch_2', 'ch_3']) world.account('acct_1').seed('charge', { id })
  const at = { stripeAccount: 'acct_1' }
  await stripe.charges.retrieve('ch_1', {}, at)
  await stripe.charges.retrieve('ch_2', {}, at)
  await expect(stripe.charges.retrieve('ch_3', {}, at)).rejects.toMatchObject({
    type: 'StripeRateLimitError',
    headers: { 'stripe-rate-limited-reason': 'endpoint-rate' },
  })
  expect((await stripe.charges.list({}, at)).data).toHaveLength(3)
  expect(server.limits.violations).toMatchObject([{ account: 'acct_1 test', endpoint: '/v1/charges/:id' }])
})

test('accounts and modes are limited apart', async () => {
  const { server, stripe, world } = await playStripe({ limits: { perAccount: 1, windowMs: 600_000 } })
  world.account('acct_1')
  await stripe.charges.list()
  await stripe.charges.list({}, { stripeAccount: 'acct_1' })
  await sdkOf(server, PLATFORM_KEYS.live).charges.list()
  await expect(stripe.refunds.list()).rejects.toMatchObject({
    headers: { 'stripe-rate-limited-reason': 'global-rate' },
  })
})

import Stripe from 'stripe'
import { expect, test } from 'vitest'
import type { Fault } from './faults.ts'
import { playStripe, sdkOf } from './played-stripe.ts'

const charges = { path: '/v1/charges' }
const failing = async (fault: Fault, config: Stripe.StripeConfig = {}) => {
  const { server } = await playStripe()
  server.faults.add(charges, fault)
  const failure = await sdkOf(server, undefined, config)
    .charges.list()
    .then(
      () => null,
      (error: unknown) => error,
    )
  return { failure, tries: server.requests.count(charges), server }
}

test.each([
  'global-rate',
  'global-concurrency',
  'endpoint-rate',
  'endpoint-concurrency',
  'resource-specific',
] as const)('a rate limit for %s names its reason and is not retried', async (reason) => {
  const { failure, tries } = await failing({ kind: 'rate_limited', reason }, { maxNetworkRetries: 2 })
  expect(failure).toBeInstanceOf(Stripe.errors.StripeRateLimitError)
  expect(failure).toMatchObject({ statusCode: 429, headers: { 'stripe-rate-limited-reason': reason } })
  expect(tries).toBe(1)
})

test('a lock timeout is retried by the SDK and has no request id', async () => {
  const { failure, tries } = await failing({ kind: 'lock_timeout' }, { maxNetworkRetries: 1 })
  expect(failure).toBeNull()
  expect(tries).toBe(2)
  const once = await failing({ kind: 'lock_timeout' })
  expect(once.failure).toBeInstanceOf(Stripe.errors.StripeRateLimitError)
  expect(once.failure).toMatchObject({ code: 'lock_timeout', requestId: undefined })
  expect(once.failure).not.toHaveProperty('headers.stripe-rate-limited-reason')
})

test('conflicts and server errors are retried, then API errors', async () => {
  expect(await failing({ kind: 'conflict' }, { maxNetworkRetries: 1 })).toMatchObject({
    failure: null,
    tries: 2,
  })
  for (const [fault, statusCode] of [
    [{ kind: 'conflict' }, 409],
    [{ kind: 'server_error' }, 500],
    [{ kind: 'server_error', status: 503 }, 503],
  ] as const) {
    const { failure } = await failing(fault)
    expect(failure).toBeInstanceOf(Stripe.errors.StripeAPIError)
    expect(failure).toMatchObject({ statusCode, requestId: 'req_00000001' })
  }
})

test('Stripe-Should-Retry false keeps the SDK from retrying', async () => {
  const fault: Fault = { kind: 'server_error', shouldRetry: false }
  const { failure, tries } = await failing(fault, { maxNetworkRetries: 2 })
  expect(failure).toBeInstanceOf(Stripe.errors.StripeAPIError)
  expect(tries).toBe(1)
})

test('a reset connection is retried once even without retries', async () => {
  const { server, stripe } = await playStripe()
  server.faults.add(charges, { kind: 'reset' })
  expect((await stripe.charges.list()).data).toEqual([])
  expect(server.requests.matching(charges).map(({ status }) => status)).toEqual([null, 200])
  server.faults.add(charges, { kind: 'reset' }, { times: 2 })
  const failure = await stripe.charges.list().then(null, (error: unknown) => error)
  expect(failure).toBeInstanceOf(Stripe.errors.StripeConnectionError)
  expect(failure).toMatchObject({ detail: { code: 'ECONNRESET' } })
})

test('a body that is cut off is a connection error after one request', async () => {
  const { failure, tries } = await failing({ kind: 'truncated' }, { maxNetworkRetries: 2 })
  expect(failure).toBeInstanceOf(Stripe.errors.StripeConnectionError)
  expect(tries).toBe(1)
})

test.each(['silent', 'stalled'] as const)('a %s answer runs into the timeout', async (kind) => {
  const { failure } = await failing({ kind }, { timeout: 100 })
  expect(failure).toBeInstanceOf(Stripe.errors.StripeConnectionError)
  expect(failure).toHaveProperty('message', expect.stringContaining('timeout'))
})

test('a body in small pieces arrives whole', async () => {
  const { server, stripe, world } = await playStripe()
  const id = world.platform().seed('charge')
  server.faults.add(charges, { kind: 'slow', chunkBytes: 500, everyMs: 1 })
  expect((await stripe.charges.list()).data.map((charge) => charge.id)).toEqual([id])
})

test('a body that is no JSON is an API error', async () => {
  const { failure, tries } = await failing({ kind: 'wrong_json' }, { maxNetworkRetries: 2 })
  expect(failure).toBeInstanceOf(Stripe.errors.StripeAPIError)
  expect(tries).toBe(1)
})

test('an empty page that claims more ends auto-paging with an error', async () => {
  const { server, stripe, world } = await playStripe()
  for (let count = 0; count < 15; count += 1) world.platform().seed('charge')
  server.faults.add(charges, { kind: 'empty_page' }, { after: 1 })
  await expect(stripe.charges.list().autoPagingToArray({ limit: 100 })).rejects.toThrow()
  expect(server.requests.count(charges)).toBe(2)
})

test('any error of Stripe can be played', async () => {
  const error = { type: 'card_error', code: 'card_declined', message: 'No.' }
  const { failure } = await failing({ kind: 'error', status: 402, error, headers: { 'x-more': 'yes' } })
  expect(failure).toBeInstanceOf(Stripe.errors.StripeCardError)
  expect(failure).toMatchObject({
    rawType: 'card_error',
    code: 'card_declined',
    headers: { 'x-more': 'yes' },
  })
})

test('faults strike the requests they are meant for, in order', async () => {
  const { server, stripe, world } = await playStripe()
  world.account('acct_1')
  server.faults.add(
    { account: 'acct_1', path: /^\/v1\/(charges|refunds)$/ },
    { kind: 'server_error' },
    { times: 2 },
  )
  server.faults.add(charges, { kind: 'conflict' })
  const at = { stripeAccount: 'acct_1' }
  expect(server.faults.pending).toBe(3)
  expect((await stripe.refunds.list()).data).toEqual([])
  await expect(stripe.refunds.list({}, at)).rejects.toMatchObject({ statusCode: 500 })
  await expect(stripe.charges.list()).rejects.toMatchObject({ statusCode: 409 })
  await expect(stripe.charges.list({}, at)).rejects.toMatchObject({ statusCode: 500 })
  expect(server.faults.pending).toBe(0)
  expect((await stripe.charges.list({}, at)).data).toEqual([])
})

test('latency delays an answer by at least what is asked', async () => {
  const { server, stripe } = await playStripe({ latencyMs: 20 })
  server.faults.add(charges, { kind: 'latency', ms: 30 })
  const startedMs = performance.now()
  await stripe.charges.list()
  // Timers of Node may be up to a millisecond early.
  expect(performance.now() - startedMs).toBeGreaterThanOrEqual(49)
})

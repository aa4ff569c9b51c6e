import { describe, expect, test } from 'vitest'
import { readClocks } from '../../../src/clocks.ts'
import { clientOf, openStripe, plainHttpClient } from '../../../src/sources/stripe/account-client.ts'
import { memoryLimiter, Pace } from '../../../src/sources/stripe/pace.ts'
import { endpointOf } from '../../../src/sources/stripe/pace-endpoint.ts'
import { PacedHttpClient, sentAtOf } from '../../../src/sources/stripe/pace-http-client.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { PLATFORM_KEYS } from '../../support/stripe/world.ts'

/** The SDK over a paced client, what its listener was told, and what ends its waits. */
const pacedStripe = async ({
  patienceMs = 5_000,
  requestsPerSecond = null as number | null, // null: nothing lowers it
  timeout = 80_000,
} = {}) => {
  const played = await playStripe()
  const told: string[] = []
  const waits: (string | null)[] = []
  const stop = new AbortController()
  const pace = new Pace({
    ...{ owner: 'acct_1', limits: { perEndpoint: 50, inAll: 50 }, limiter: memoryLimiter() },
    ...{ requestsPerSecond, share: 'lists', isKept: () => false },
  })
  const httpClient = new PacedHttpClient(plainHttpClient(), {
    pace,
    listener: {
      onRequest: () => told.push('request'),
      onRetry: () => told.push('retry'),
      onLimited: (reason) => told.push(reason),
      onWaiting: (reason) => waits.push(reason),
    },
    ...{ patienceMs, random: () => 0, now: readClocks, signal: stop.signal },
  })
  const stripe = openStripe({ secretKey: PLATFORM_KEYS.test, apiBase: played.server.url, httpClient })
  const options = { ...clientOf(stripe, null).options, timeout }
  return {
    ...played,
    pace,
    told,
    waits,
    stop,
    list: () => stripe.rawRequest('GET', '/v1/customers', undefined, options),
  }
}

describe('a request', () => {
  test('is repeated while what went wrong may pass', async () => {
    const { server, told, list } = await pacedStripe()
    const path = '/v1/customers'
    server.faults.add({ path }, { kind: 'rate_limited', reason: 'endpoint-rate' })
    server.faults.add({ path }, { kind: 'truncated' })
    server.faults.add({ path }, { kind: 'server_error', status: 503 })
    expect(await list()).toMatchObject({ object: 'list' })
    expect(told).toEqual(['request', 'endpoint-rate', ...Array(3).fill(['retry', 'request']).flat()])
  })

  test('is told when the try was sent that succeeded', async () => {
    const { server, list } = await pacedStripe()
    server.faults.add({ path: '/v1/customers' }, { kind: 'server_error' })
    const [before, answer, after] = [readClocks(), await list(), readClocks()]
    const sentAt = sentAtOf(answer.lastResponse.headers)
    for (const clock of ['wallMs', 'steadyMs'] as const) {
      expect(sentAt?.[clock]).toBeGreaterThanOrEqual(before[clock])
      expect(sentAt?.[clock]).toBeLessThanOrEqual(after[clock])
    }
  })

  test('that Stripe refuses for good is made once', async () => {
    const { server, told, list } = await pacedStripe()
    const error = { type: 'invalid_request_error', message: 'The key may not' }
    server.faults.add({ path: '/v1/customers' }, { kind: 'error', status: 403, error })
    await expect(list()).rejects.toMatchObject({ statusCode: 403 })
    expect(told).toEqual(['request'])
  })

  test('ends with the answer once patience is over', async () => {
    const { server, list } = await pacedStripe({ patienceMs: -1 })
    server.faults.add({ path: '/v1/customers' }, { kind: 'server_error', status: 500 }, { times: 9 })
    await expect(list()).rejects.toMatchObject({ statusCode: 500 })
    expect(server.requests.count()).toBe(1)
  })

  test('is repeated however long it waits for its turns', async () => {
    // A turn comes a second after the answer before it.
    const { server, told, list } = await pacedStripe({ patienceMs: 500, requestsPerSecond: 1 })
    server.faults.add({ path: '/v1/customers' }, { kind: 'server_error' }, { times: 2 })
    expect(await list()).toMatchObject({ object: 'list' })
    expect(told).toEqual(['request', 'retry', 'request', 'retry', 'request'])
  })

  test('is repeated where the trouble itself took longer than patience', async () => {
    const { server, told, list } = await pacedStripe({ patienceMs: 100, timeout: 200 })
    server.faults.add({ path: '/v1/customers' }, { kind: 'silent' })
    expect(await list()).toMatchObject({ object: 'list' })
    expect(told).toEqual(['request', 'retry', 'request'])
  })

  test('tells what it waits for where the answer to another one holds it up', async () => {
    const { pace, waits, stop, list } = await pacedStripe()
    pace.adapt(endpointOf('/v1/customers'), 'endpoint-rate', 30_000)
    const listed = list().catch(() => 'cut off')
    const limit = expect.stringMatching(/^Stripe's limit \(endpoint-rate\), for \d+ s$/)
    await expect.poll(() => waits, { timeout: 15_000 }).toEqual([limit])
    stop.abort()
    expect([await listed, waits]).toEqual(['cut off', [limit, null]])
  })

  test('that Stripe does not answer is given up soon after the signal', async () => {
    const { server, stop, list } = await pacedStripe({ timeout: 30_000 })
    const held = server.hold({ path: '/v1/customers' })
    const listed = list()
    await server.requests.waitFor({ path: '/v1/customers' })
    stop.abort(new Error('the signal'))
    const signalled = performance.now()
    await expect(listed).rejects.toThrow()
    expect(performance.now() - signalled).toBeLessThan(20_000)
    held.releaseAll()
  })

  test('is not made any more once the signal came', async () => {
    const { server, stop, list } = await pacedStripe()
    stop.abort()
    await expect(list()).rejects.toThrow()
    expect(server.requests.count()).toBe(0)
  })
})

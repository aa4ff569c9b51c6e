import { setMaxListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { limitsOf, memoryLimiter, Pace } from '../../../src/sources/stripe/pace.ts'

const never = new AbortController().signal
setMaxListeners(0, never)

const openPace = (
  perEndpoint: number,
  inAll: number,
  { limiter = memoryLimiter(), requestsPerSecond = null as number | null } = {}, // null: nothing lowers it
) =>
  new Pace({
    ...{ owner: 'acct_1:test', limits: { perEndpoint, inAll }, requestsPerSecond, limiter },
    ...{ share: 'lists', isKept: () => false },
  })

/** How many of so many requests to an endpoint are let go before any other comes back. */
const letGo = async (pace: Pace, endpoint: string, count: number): Promise<number> => {
  let gone = 0
  for (let made = 0; made < count; made += 1)
    void pace.permit(endpoint, never).then(
      () => {
        gone += 1
      },
      () => undefined,
    )
  await new Promise((resolve) => setTimeout(resolve, 50))
  return gone
}

test('limits are those of the mode, the lower ones where it is not known', () => {
  expect(limitsOf(true)).toEqual({ perEndpoint: 25, inAll: 100 })
  expect(limitsOf(false)).toEqual({ perEndpoint: 25, inAll: 25 })
  expect(limitsOf(null)).toEqual({ perEndpoint: 25, inAll: 25 })
})

describe('a pace', () => {
  test('lets go what both budgets allow, each endpoint by itself', async () => {
    const pace = openPace(4, 6)
    expect(await letGo(pace, 'customers', 9)).toBe(4)
    expect(pace.isBusy('customers')).toBe(true)
    expect(await letGo(pace, 'charges', 9)).toBe(2)
  })

  test('is one for all who share the limiter and the owner', async () => {
    const limiter = memoryLimiter()
    expect(await letGo(openPace(3, 3, { limiter }), 'customers', 2)).toBe(2)
    expect(await letGo(openPace(3, 3, { limiter }), 'customers', 2)).toBe(1)
  })

  test('is lowered by a rate and never raised', async () => {
    expect(await letGo(openPace(4, 6, { requestsPerSecond: 2 }), 'customers', 9)).toBe(2)
    expect(await letGo(openPace(4, 6, { requestsPerSecond: 50 }), 'customers', 9)).toBe(4)
  })

  test('slows down what the reason of a 429 is about, and nothing else', async () => {
    const pace = openPace(10, 100)
    pace.adapt('customers', 'endpoint-rate', 0)
    pace.adapt('customers', 'resource-specific', 0)
    pace.adapt('customers', 'lock_timeout', 0)
    expect(await letGo(pace, 'customers', 20)).toBe(7)
    expect(await letGo(pace, 'charges', 20)).toBe(10)
  })

  test('tells which limit holds requests up, and holds them up for a minute at most', () => {
    const pace = openPace(10, 100)
    expect(pace.pauseOf('customers')).toBeNull()
    pace.adapt('customers', 'endpoint-rate', 100_000)
    expect(pace.pauseOf('customers')?.limit).toBe('endpoint-rate')
    expect(pace.pauseOf('customers')?.leftMs).toBeLessThanOrEqual(60_000)
    expect(pace.pauseOf('charges')).toBeNull()
    pace.adapt('charges', 'global-rate', 1_000_000)
    expect(pace.pauseOf('charges')?.limit).toBe('global-rate')
    expect(pace.pauseOf('charges')?.leftMs).toBeLessThanOrEqual(60_000)
  })

  test('gives an endpoint back what all have no room for', async () => {
    const pace = openPace(2, 1)
    const gone = new AbortController()
    const first = await pace.permit('customers', never)
    const second = pace.permit('customers', gone.signal)
    gone.abort()
    await expect(second).rejects.toThrow()
    first.answered()
    expect(pace.isBusy('customers')).toBe(false)
  })
})

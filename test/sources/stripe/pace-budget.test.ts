import { setMaxListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { memoryLimiter } from '../../../src/sources/stripe/pace.ts'
import { PaceBudget, type Permit } from '../../../src/sources/stripe/pace-budget.ts'

const never = new AbortController().signal
setMaxListeners(0, never)

const openBudget = (requestsPerSecond: number) =>
  new PaceBudget({ limiter: memoryLimiter(), name: 'all', requestsPerSecond })

/** Makes requests at once, each answered when it was sent; returns when they were let go, in order. */
const makeRequests = async (budget: PaceBudget, count: number): Promise<readonly number[]> => {
  const sentAt: number[] = []
  await Promise.all(
    Array.from({ length: count }, async () => {
      const permit = await budget.acquire(never)
      sentAt.push(performance.now())
      permit.sent()
      permit.answered()
    }),
  )
  return sentAt
}

/** Returns the most requests that lie within any second. */
const mostInASecond = (times: readonly number[]): number =>
  Math.max(...times.map((start) => times.filter((time) => time >= start && time < start + 1_000).length))

describe('a budget', () => {
  test('is used up at once and never exceeded in any second', async () => {
    const times = await makeRequests(openBudget(20), 55)
    const [first = 0] = times
    expect(times.filter((time) => time < first + 500)).toHaveLength(20)
    expect(mostInASecond(times)).toBe(20)
  })

  test('counts a place from the answer on, since nobody knows when the request arrived', async () => {
    const budget = openBudget(1)
    const first = await budget.acquire(never)
    first.sent()
    const answeredAt = performance.now() + 60
    const second = budget.acquire(never)
    await new Promise((resolve) => setTimeout(resolve, 60))
    first.answered()
    const permit = await second
    expect(performance.now() - answeredAt).toBeGreaterThanOrEqual(950)
    permit.answered()
  })

  test('slower than one a second lets one go in so many seconds', async () => {
    const [first = 0, second = 0] = await makeRequests(openBudget(0.7), 2)
    expect(second - first).toBeGreaterThanOrEqual(1_900)
  })

  test('that Stripe complained about lets fewer go at once', async () => {
    const budget = openBudget(10)
    budget.slowDown(0)
    const times = await makeRequests(budget, 14)
    expect(mostInASecond(times)).toBe(7)
  })

  test('gives leave to nobody while it pauses', async () => {
    const budget = openBudget(10)
    const started = performance.now()
    budget.pause(300)
    const [first = 0] = await makeRequests(budget, 1)
    expect(first - started).toBeGreaterThanOrEqual(290)
  })

  test('lets half as many be under way once there are too many at once', async () => {
    const budget = openBudget(10)
    const held: Permit[] = []
    for (let index = 0; index < 6; index += 1) held.push(await budget.acquire(never))
    budget.narrow()
    let isGranted = false
    const next = budget.acquire(never).then((permit) => {
      isGranted = true
      return permit
    })
    for (const permit of held.splice(0, 3)) permit.answered()
    await new Promise((resolve) => setImmediate(resolve))
    expect(isGranted).toBe(false)
    held.pop()?.answered()
    const permit = await next
    for (const other of [...held, permit]) other.answered()
  })
})

describe('somebody who waits', () => {
  test('leaves when the signal aborts, and others get the place', async () => {
    const budget = openBudget(1)
    const first = await budget.acquire(never)
    const interrupt = new AbortController()
    const leaving = budget.acquire(interrupt.signal)
    const staying = budget.acquire(never)
    interrupt.abort()
    await expect(leaving).rejects.toMatchObject({ name: 'AbortError' })
    expect(budget.waiting).toBe(1)
    first.answered()
    ;(await staying).answered()
  })

  test('gets nothing where the signal has aborted before', async () => {
    await expect(openBudget(1).acquire(AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
  })
})

import { describe, expect, test } from 'vitest'
import { Rate, ServeTally } from '../../src/watch/serve-tally.ts'

const event = (number: number, code: string | null = null) => ({
  account: `acct_${number}`,
  eventId: `evt_${number}`,
  type: 'charge.updated',
  outcome: code === null ? ('applied' as const) : ('failed' as const),
  code,
  ms: 1,
  lagMs: number,
})

describe('the tally of a running serve', () => {
  test('keeps the last events only, the latest first', () => {
    const tally = new ServeTally()
    for (let number = 1; number <= 100; number += 1) tally.onOutcome(event(number))
    expect(tally.last).toHaveLength(40)
    expect(tally.last[0]).toEqual(event(100))
    expect([tally.outcomes, tally.lagMs]).toEqual([{ applied: 100 }, 100])
  })

  test('keeps the accounts that failed last, with their last code', () => {
    const tally = new ServeTally()
    for (let number = 1; number <= 30; number += 1) tally.onOutcome(event(number, 'object_invalid'))
    tally.onOutcome(event(20, 'handler_failed'))
    expect(tally.failing).toHaveLength(20)
    expect(tally.failing[0]).toEqual({ account: 'acct_20', failures: 2, lastCode: 'handler_failed' })
    expect(tally.failing.at(-1)?.account).toBe('acct_11')
  })
})

describe('a rate', () => {
  test('tells how many a second there were in the last ten', () => {
    const rate = new Rate()
    for (let second = 0; second < 20; second += 1)
      for (let count = 0; count < 5; count += 1) rate.count(second * 1_000 + count)
    expect(rate.perSecond(19_500)).toBe(5)
    expect(rate.perSecond(24_500)).toBe(2.5)
    expect(rate.perSecond(60_000)).toBe(0)
    rate.count(60_001)
    expect(rate.perSecond(60_002)).toBe(0.1)
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lockTimeout, pauseBefore, verdictOn } from '../../../src/sources/stripe/pace-verdict.ts'

const reason = 'stripe-rate-limited-reason'
const shouldRetry = 'stripe-should-retry'

const kindOf = (status: number, headers: Readonly<Record<string, string>> = {}): string =>
  verdictOn({ status, headers }).kind

describe('an answer', () => {
  test.each([200, 201, 301, 400, 401, 402, 403, 404])('of status %d is taken', (status) => {
    expect(kindOf(status)).toBe('take')
  })

  test.each([409, 429, 500, 502, 503, 504])('of status %d is asked for again', (status) => {
    expect(kindOf(status)).toBe('again')
  })

  test('that says whether to retry is believed before its status', () => {
    expect(kindOf(400, { [shouldRetry]: 'true' })).toBe('again')
    expect(kindOf(500, { [shouldRetry]: 'false' })).toBe('take')
    expect(kindOf(429, { [shouldRetry]: 'false' })).toBe('take')
    expect(kindOf(503, { [shouldRetry]: 'perhaps' })).toBe('again')
  })

  test('of success is taken whatever it says', () => {
    expect(kindOf(200, { [shouldRetry]: 'true' })).toBe('take')
  })

  test('that never came whole is asked for again', () => {
    expect(verdictOn(null)).toEqual({ kind: 'again', limited: null, retryAfterMs: null })
  })
})

describe('a refusal for the pace', () => {
  test.each([
    'global-rate',
    'global-concurrency',
    'endpoint-rate',
    'endpoint-concurrency',
    'resource-specific',
  ])('names the reason %s', (name) => {
    expect(verdictOn({ status: 429, headers: { [reason]: name } })).toMatchObject({ limited: name })
  })

  test('without a reason is a lock', () => {
    expect(verdictOn({ status: 429, headers: {} })).toMatchObject({ limited: lockTimeout })
  })

  test('has no reason where the status is another', () => {
    expect(verdictOn({ status: 503, headers: { [reason]: 'global-rate' } })).toMatchObject({ limited: null })
  })
})

describe('the pause before the next try', () => {
  const again = (limited: string | null, retryAfter?: string) => {
    const headers = { ...(limited === null ? {} : { [reason]: limited }) }
    const told = retryAfter === undefined ? {} : { 'retry-after': retryAfter }
    const verdict = verdictOn({ status: limited === null ? 500 : 429, headers: { ...headers, ...told } })
    if (verdict.kind !== 'again') throw new RangeError('it is not asked for again')
    return verdict
  }
  const longest = (verdict: ReturnType<typeof again>, attempt: number): number =>
    pauseBefore(verdict, attempt, () => 1)

  test('doubles up to fifteen seconds', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 50].map((attempt) => longest(again(null), attempt))
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000])
  })

  test('is short for a lock', () => {
    const verdict = verdictOn({ status: 429, headers: {} })
    if (verdict.kind !== 'again') throw new RangeError('it is not asked for again')
    expect([1, 2, 3].map((attempt) => longest(verdict, attempt))).toEqual([100, 200, 400])
  })

  test('lies anywhere between nothing and that', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (attempt, part) => {
          const pause = pauseBefore(again('endpoint-rate'), attempt, () => part)
          expect(pause).toBeCloseTo(longest(again('endpoint-rate'), attempt) * part, 6)
        },
      ),
    )
  })

  test('is never shorter than Stripe asks for', () => {
    expect(pauseBefore(again('global-rate', '3'), 1, () => 0)).toBe(3_000)
    expect(pauseBefore(again('global-rate', '0.25'), 1, () => 1)).toBe(500)
  })

  test.each(['soon', '-1', 'Wed, 21 Oct 2026 07:28:00 GMT', ''])(
    'does not heed a Retry-After of "%s"',
    (text) => {
      expect(again('global-rate', text).retryAfterMs).toBeNull()
    },
  )
})

import { describe, expect, test } from 'vitest'
import { failureOf, type InboxState, settle, settleFailure } from '../../src/core/inbox-row.ts'
import { BillingSyncError } from '../../src/errors.ts'

const now = new Date('2026-01-01T00:00:00Z')
const pending: InboxState = { status: 'pending', attempts: 0 }
const failure = { code: 'handler_failed', message: 'It failed' }

/** Milliseconds until the next attempt after so many attempts that failed before. */
const waitAfter = (attempts: number, random: number): number => {
  const { next_attempt_at } = settleFailure({ status: 'failed', attempts }, failure, { now, random })
  return (next_attempt_at?.getTime() ?? Number.NaN) - now.getTime()
}

describe('a row that was handled', () => {
  test.each([
    ['applied', 'done'],
    ['unchanged', 'done'],
    ['stale', 'done'],
    ['ignored', 'ignored'],
    ['parked', 'parked'],
  ] as const)('with the outcome %s is %s and uses up no attempt', (outcome, status) => {
    expect(settle({ status: 'failed', attempts: 3 }, outcome, now)).toEqual({
      status,
      attempts: 3,
      outcome,
      error: null,
      next_attempt_at: null,
      processed_at: now,
    })
  })
})

describe('a row whose event failed', () => {
  test('is tried again and says why', () => {
    expect(settleFailure(pending, failure, { now, random: 0 })).toEqual({
      status: 'failed',
      attempts: 1,
      outcome: 'failed',
      error: failure,
      next_attempt_at: new Date('2026-01-01T00:00:00.500Z'),
      processed_at: now,
    })
  })

  test('has eight attempts and waits for a person then', () => {
    let row: InboxState = pending
    const statuses: string[] = []
    for (let attempt = 1; attempt <= 8; attempt += 1) {
      row = settleFailure(row, failure, { now, random: 0.5 })
      statuses.push(row.status)
    }
    expect(statuses).toEqual([...Array.from({ length: 7 }, () => 'failed'), 'dead'])
    expect(row).toMatchObject({ attempts: 8, outcome: 'failed', next_attempt_at: null, error: failure })
  })

  test('stays dead when a replay of it fails again', () => {
    const again = settleFailure({ status: 'dead', attempts: 8 }, failure, { now, random: 0 })
    expect(again).toMatchObject({ status: 'dead', attempts: 9, next_attempt_at: null })
  })

  test.each([
    [0, 500, 1_000],
    [1, 1_000, 2_000],
    [2, 2_000, 4_000],
    [6, 32_000, 64_000],
  ])('waits after %d earlier attempts between half and all of its time', (attempts, least, most) => {
    expect(waitAfter(attempts, 0)).toBe(least)
    expect(waitAfter(attempts, 1)).toBe(most)
    expect(waitAfter(attempts, 0.5)).toBe((least + most) / 2)
  })

  test('spends one to two minutes on all of its attempts', () => {
    const total = (random: number): number =>
      [0, 1, 2, 3, 4, 5, 6].reduce((sum, attempts) => sum + waitAfter(attempts, random), 0)
    expect(total(0)).toBe(63_500)
    expect(total(1)).toBe(127_000)
  })

  test('is dead at once where MongoDB cannot hold it', () => {
    const unstorable = { code: 'payload_unstorable', message: 'Too deep' }
    expect(settleFailure(pending, unstorable, { now, random: 0 })).toEqual({
      status: 'dead',
      attempts: 1,
      outcome: 'failed',
      error: unstorable,
      next_attempt_at: null,
      processed_at: now,
    })
  })
})

describe('the failure of a thrown value', () => {
  test('has the code and message of a coded error', () => {
    const error = new BillingSyncError('payload_unstorable', { problem: 'it is too large' })
    expect(failureOf(error)).toEqual({ code: 'payload_unstorable', message: error.message })
  })

  test.each<[string, unknown]>([
    ['TypeError', new TypeError('ann@example.com is not a function')],
    ['string', 'ann@example.com'],
    ['undefined', undefined],
  ])('of our own fault names only its kind: %s', (kind, thrown) => {
    const { code, message } = failureOf(thrown)
    expect(code).toBe('handler_failed')
    expect(message).toContain(kind)
    expect(message).not.toContain('ann@example.com')
  })
})

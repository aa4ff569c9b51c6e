import { describe, expect, test } from 'vitest'
import { ReplayTally } from '../../src/sources/replay-tally.ts'

const failure = { source: 'a:1', event_id: null, type: null, code: 'event_invalid', error: 'E' }

describe('the tally of a replay', () => {
  test('sums up its outcomes, filters aside', () => {
    const tally = new ReplayTally()
    for (const outcome of ['applied', 'stale', 'stale', 'invalid', 'parked'] as const) tally.count(outcome)
    tally.filtered = 7
    expect(tally.summary(12.6)).toMatchObject({
      read: 5,
      applied: 1,
      stale: 2,
      invalid: 1,
      parked: 1,
      filtered: 7,
    })
    expect(tally.summary(12.6).duration_ms).toBe(13)
  })

  test('lists 1,000 failures and counts the rest', () => {
    const tally = new ReplayTally()
    expect(tally.hasFailures).toBe(false)
    for (let count = 0; count < 1_003; count += 1) tally.fail(failure)
    const { failures, failures_omitted } = tally.summary(0)
    expect([failures.length, failures_omitted, tally.causes.get('event_invalid')]).toEqual([1_000, 3, 1_003])
    expect(tally.hasFailures).toBe(true)
  })

  test('counts as messages those that were made', () => {
    const tally = new ReplayTally()
    const notice = { collection: 'support.messages', stripe_id: null, event_id: null }
    tally.countNotices([{ ...notice, kind: 'message.created' }])
    expect(tally.summary(0).messages).toBe(1)
    expect(tally.collections.get('support.messages')).toEqual({ created: 1, updated: 0, deleted: 0 })
  })

  test('knows how much is handled, not only how much is read', () => {
    const tally = new ReplayTally()
    expect(tally.share).toBeNull()
    tally.inputExpected = 100
    expect(tally.share).toBe(0)
    Object.assign(tally, { inputRead: 50, countWaiting: () => 4, filtered: 1 })
    for (let count = 0; count < 4; count += 1) tally.count('applied')
    expect(tally.share).toBe(0.25)
  })
})

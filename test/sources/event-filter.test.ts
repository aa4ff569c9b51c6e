import { describe, expect, test } from 'vitest'
import type { EventCriteria } from '../../src/core/event-criteria.ts'
import { openEventFilter } from '../../src/sources/event-filter.ts'

const none: EventCriteria = { types: [], ids: [], accounts: [], since: null, until: null }
const event = { id: 'evt_1', type: 'charge.dispute.created', created: 1_000 }
const accepts = (criteria: Partial<EventCriteria>) => openEventFilter({ ...none, ...criteria }).accepts(event)

describe('an event filter', () => {
  test('takes everything without criteria', () => {
    const filter = openEventFilter(none)
    expect([filter.takesAll, filter.accepts(event), filter.acceptsAccount('acct_1')]).toEqual([
      true,
      true,
      true,
    ])
    expect(openEventFilter({ ...none, accounts: ['acct_1'] }).takesAll).toBe(false)
  })

  test.each<[string, boolean]>([
    ['charge.dispute.created', true],
    ['charge.*', true],
    ['*', true],
    ['*.created', true],
    ['charge.{dispute,refund}.*', true],
    ['charge.dispute', false],
    ['dispute.*', false],
    ['charge.*.closed', false],
    ['Charge.*', false],
  ])('matches types with the glob %s: %j', (glob, matches) => {
    expect(accepts({ types: [glob] })).toBe(matches)
    expect(accepts({ types: ['invoice.*', glob] })).toBe(matches)
  })

  test('takes a range from its beginning up to its end', () => {
    const at = (seconds: number) => new Date(seconds * 1000)
    expect(accepts({ since: at(1_000) })).toBe(true)
    expect(accepts({ since: at(1_001) })).toBe(false)
    expect(accepts({ until: at(1_000) })).toBe(false)
    expect(accepts({ until: at(1_001) })).toBe(true)
  })

  test('asks for one value of each criterion', () => {
    expect(accepts({ ids: ['evt_0', 'evt_1'] })).toBe(true)
    expect(accepts({ ids: ['evt_1'], types: ['invoice.*'] })).toBe(false)
    expect(accepts({ ids: ['evt'] })).toBe(false)
    const filter = openEventFilter({ ...none, accounts: ['acct_1', 'acct_2'] })
    expect(['acct_1', 'acct_2', 'acct_3'].map(filter.acceptsAccount)).toEqual([true, true, false])
  })
})

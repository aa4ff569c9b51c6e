import { describe, expect, test } from 'vitest'
import { describeDifference } from '../oracle/describe-difference.ts'
import { determinedPart } from '../oracle/determined-part.ts'
import { expectedState } from '../oracle/expected-state.ts'
import { deliverHistory, pipelineOptions, storedState } from '../support/deliver-history.ts'
import { checkHistories } from '../support/history-property.ts'
import { MemoryStore } from '../support/memory-store.ts'

describe('order and duplicates', () => {
  test('any order, duplication and batching of a history ends as in-order delivery does', {
    timeout: 600_000,
  }, async () => {
    await checkHistories({ runs: 1_000, deliveries: 2 }, async ({ history, deliveries }) => {
      const states = []
      for (const delivery of deliveries) {
        const store = new MemoryStore(history.accounts, history.preexisting)
        await deliverHistory(history, delivery, pipelineOptions(store))
        states.push(storedState(history, store.dump()))
      }
      const [first, ...others] = states
      if (first === undefined) throw new TypeError('the property was given no delivery')
      for (const other of others) expect(describeDifference(first, other)).toBe('')
      const expected = determinedPart(expectedState(history, { effects: 'missing' }), history)
      expect(describeDifference(expected, determinedPart(first, history))).toBe('')
    })
  })
})

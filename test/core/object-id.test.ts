import { describe, expect, test } from 'vitest'
import { isObjectId, stripeIdPattern, stripeIdSource } from '../../src/core/object-id.ts'

describe('an object id', () => {
  test.each(['cus_1', 'my product #1', 'a:b', '~', 'schön 🦊', 'x'.repeat(255)])('may be %j', (id) => {
    expect(isObjectId(id)).toBe(true)
  })

  test.each([
    ['', 'x'.repeat(256), 'tab\t', 'line\n', 'nul\0', 'lone \ud83e', 'zero\u200bwidth'],
    [null, undefined, 7, true, { $gt: '' }, ['cus_1'], { id: 'cus_1' }],
  ])('may be neither of %j, %j, %j, %j, %j, %j, %j', (...values) => {
    expect(values.filter(isObjectId)).toEqual([])
  })
})

describe('an id of an event or an account', () => {
  test.each(['evt_1', 'acct_1RzH8nCdYs3GkVf6', 'evt_test_1Ab'])('may be %j', (id) => {
    expect(stripeIdPattern.test(id)).toBe(true)
  })

  test.each(['', 'acct', 'acct_', 'Acct_1', 'acct_1:x', 'acct_1 ', ' acct_1', 'acct_1\n', 'acct_ü'])(
    'may not be %j',
    (id) => {
      expect(stripeIdPattern.test(id)).toBe(false)
    },
  )

  test('is found inside a text and captures nothing of its own', () => {
    expect(new RegExp(`"(${stripeIdSource})"`).exec('{"id":"evt_test_1"}')).toHaveLength(2)
  })
})

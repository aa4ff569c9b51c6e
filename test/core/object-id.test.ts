import { describe, expect, test } from 'vitest'
import { isObjectId } from '../../src/core/object-id.ts'

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

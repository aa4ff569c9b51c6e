import { execa } from 'execa'
import { MinKey } from 'mongodb'
import { describe, expect, test } from 'vitest'
import {
  isEqual,
  isEqualAtAnyDepth,
  isJsonObject,
  type JsonObject,
  own,
  ownNumber,
  ownObject,
  ownString,
  without,
} from '../../src/core/json.ts'

const parse = (text: string): JsonObject => JSON.parse(text)

describe('looking up a key', () => {
  test.each(['toString', 'constructor', '__proto__', 'hasOwnProperty'])(
    'never reaches the prototype for %s',
    (key) => {
      expect(own({}, key)).toBeUndefined()
      expect(ownString({}, key)).toBeNull()
      expect(ownObject({}, key)).toBeNull()
    },
  )

  test('finds a key that is named like the prototype', () => {
    expect(own(parse('{"__proto__": "plain"}'), '__proto__')).toBe('plain')
    expect(ownObject(parse('{"constructor": {"name": "x"}}'), 'constructor')).toEqual({ name: 'x' })
  })

  test('answers nothing for an object that is not there', () => {
    expect(own(null, 'id')).toBeUndefined()
    expect(own(undefined, 'id')).toBeUndefined()
  })

  test('takes only values of the type that is asked for', () => {
    const mixed = { text: 'a', empty: '', number: 7, zero: 0, list: [1], hash: {}, nothing: null }
    expect(Object.keys(mixed).filter((key) => ownString(mixed, key) !== null)).toEqual(['text'])
    expect(Object.keys(mixed).filter((key) => ownNumber(mixed, key) !== null)).toEqual(['number', 'zero'])
    expect(Object.keys(mixed).filter((key) => ownObject(mixed, key) !== null)).toEqual(['hash'])
  })

  test('takes no number that is not finite', () => {
    expect(ownNumber(parse('{"amount": 1e999}'), 'amount')).toBeNull()
  })
})

describe('a JSON object', () => {
  test('is neither null nor a list nor a date', () => {
    expect([{}, null, [], new Date(0), 'text', 1, undefined].map(isJsonObject)).toEqual([
      true,
      ...Array.from({ length: 6 }, () => false),
    ])
  })

  test('keeps hostile keys as plain ones in a copy', () => {
    const copy = without(parse('{"__proto__": {"polluted": true}, "id": "cus_1", "a": 1}'), new Set(['a']))
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"polluted":true},"id":"cus_1"}')
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
  })
})

describe('equality', () => {
  test.each<[string, unknown, unknown]>([
    ['keys in another order', { a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }],
    ['a key that is undefined and one that is absent', { a: 1, b: undefined }, { a: 1 }],
    ['two dates of one time', new Date(5), new Date(5)],
    ['zero and its negative', 0, -0],
    ['lists of equal items', [1, { a: null }], [1, { a: null }]],
    ['keys that name functions of objects', parse('{"valueOf": "a"}'), parse('{"valueOf": "a"}')],
  ])('holds between %s', (_, left, right) => {
    expect(isEqual(left, right)).toBe(true)
    expect(isEqual(right, left)).toBe(true)
  })

  test.each<[string, unknown, unknown]>([
    ['null and an absent key', { a: null }, {}],
    ['a number and its text', 1, '1'],
    ['a list in another order', [1, 2], [2, 1]],
    ['a list and a shorter one', [1, 2], [1]],
    ['a list and a hash with its indexes', ['a'], { 0: 'a' }],
    ['a date and its text', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['two dates of different times', new Date(0), new Date(1)],
    ['an own key and one of the prototype', parse('{"toString": "a"}'), {}],
    ['two hashes with as many but other keys', { a: undefined, b: 1 }, { a: 1, b: undefined }],
    ['null and an empty hash', null, {}],
    ['an empty hash and a value of MongoDB that shows no keys', {}, new MinKey()],
    ['an empty hash and a pattern', {}, /a/],
    ['a hash under the key of the prototype and none', parse('{"__proto__": {}, "a": 1}'), { a: 1, b: 2 }],
  ])('does not hold between %s', (_, left, right) => {
    expect(isEqual(left, right)).toBe(false)
    expect(isEqual(right, left)).toBe(false)
  })
})

describe('values that are compared at any depth', () => {
  const nested = (levels: number, inmost: string) =>
    parse(`${'{"a":['.repeat(levels)}${inmost}${']}'.repeat(levels)}`)

  test('are the same however deep they are nested', () => {
    expect(isEqualAtAnyDepth(nested(200_000, '1'), nested(200_000, ' 1 '))).toBe(true)
    expect(isEqualAtAnyDepth(nested(200_000, '1'), nested(200_000, '2'))).toBe(false)
    expect(isEqualAtAnyDepth(nested(200_000, '1'), nested(200_001, '1'))).toBe(false)
  })

  // A copy of the list takes 16 MB, a pair for each of its numbers 150.
  test('need no memory for what holds nothing itself', async () => {
    const program = `
      import { isEqualAtAnyDepth } from ${JSON.stringify(new URL('../../dist/core/json.js', import.meta.url))}
      const text = '[' + '1,'.repeat(2_000_000) + '1]'
      process.stdout.write(String(isEqualAtAnyDepth(JSON.parse(text), JSON.parse(text))))`
    const small = ['--max-old-space-size=100', '--input-type=module', '--eval', program]
    expect((await execa(process.execPath, small)).stdout).toBe('true')
  })

  test.each([
    ['{"a":1,"b":[1,2]}', '{"b":[1,2],"a":1}', true],
    ['{"__proto__":{"a":1}}', '{"__proto__":{"a":1}}', true],
    ['{"n":1e400}', '{"n":1e401}', true],
    ['{"n":0}', '{"n":-0}', true],
    ['{"a":null}', '{"b":null}', false],
    ['{"a":1}', '{"a":1,"b":null}', false],
    ['{"a":{}}', '{"a":[]}', false],
    ['{"a":{}}', '{"a":null}', false],
    ['{"a":[1,2]}', '{"a":[2,1]}', false],
    ['{"a":[1]}', '{"a":[1,1]}', false],
    ['{"a":"1"}', '{"a":1}', false],
    ['{"__proto__":1}', '{"a":1}', false],
    ['{"toString":1}', '{"valueOf":1}', false],
  ])('%s and %s are the same: %j, as without depth', (left, right, same) => {
    expect(isEqualAtAnyDepth(parse(left), parse(right))).toBe(same)
    expect(isEqualAtAnyDepth(parse(right), parse(left))).toBe(same)
    expect(isEqual(parse(left), parse(right))).toBe(same)
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fingerprintsOf } from '../../src/core/content-hash.ts'
import { isJsonObject, type Json, type JsonObject } from '../../src/core/json.ts'

const hashContent = (content: JsonObject) => fingerprintsOf(content, null).to
const hashContentBefore = (content: JsonObject, previous: JsonObject) =>
  fingerprintsOf(content, previous).from

const parse = (text: string): JsonObject => JSON.parse(text)

/** The old value of every key, as `previous_attributes` would tell it: hashes in part, a new key as null. */
const oldValues = (before: JsonObject, after: JsonObject): JsonObject =>
  Object.fromEntries(
    [...new Set([...Object.keys(before), ...Object.keys(after)])].map((key): [string, Json] => {
      const [old, current] = [valueAt(before, key), valueAt(after, key)]
      return [key, isJsonObject(old) && isJsonObject(current) ? oldValues(old, current) : old]
    }),
  )

const valueAt = (object: JsonObject, key: string): Json =>
  Object.hasOwn(object, key) ? (object[key] ?? null) : null

describe('the fingerprint of a state', () => {
  test('is 8 to 14 characters of base 36', () => {
    for (const content of [{}, { a: 1 }, { metadata: { plan: 'gold' } }])
      expect(hashContent(content)).toMatch(/^[0-9a-z]{8,14}$/)
  })

  test.each<[string, JsonObject, JsonObject]>([
    ['keys in another order', { a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }],
    ['a key that is null and one that is absent', { a: 1, b: null }, { a: 1 }],
    ['the same deeper down', { a: { b: null, c: 1 } }, { a: { c: 1 } }],
  ])('is the same for %s', (_, left, right) => {
    expect(hashContent(left)).toBe(hashContent(right))
  })

  test.each<[string, JsonObject, JsonObject]>([
    ['another value', { status: 'open' }, { status: 'paid' }],
    ['another key', { a: 1 }, { b: 1 }],
    ['a number and its text', { a: 1 }, { a: '1' }],
    ['true and its text', { a: true }, { a: 'true' }],
    ['an empty hash and an absent one', { a: {} }, {}],
    ['an empty list and an empty hash', { a: [] }, { a: {} }],
    ['a list in another order', { a: [1, 2] }, { a: [2, 1] }],
    ['texts split elsewhere', { a: ['bc', 'd'] }, { a: ['b', 'cd'] }],
    ['keys and values split elsewhere', { ab: 'c' }, { a: 'bc' }],
    ['null in a list and a shorter list', { a: [null] }, { a: [] }],
    ['nesting on another level', { a: { b: { c: 1 } } }, { a: { b: 1, c: 1 } }],
    ['values swapped between keys', { a: 1, b: 2 }, { a: 2, b: 1 }],
    ['a key named like the prototype', parse('{"__proto__": "x"}'), {}],
  ])('differs for %s', (_, left, right) => {
    expect(hashContent(left)).not.toBe(hashContent(right))
  })

  test('differs between 20,000 amounts and as many ids', () => {
    const fingerprints = new Set<string>()
    for (let index = 0; index < 20_000; index += 1) {
      fingerprints.add(hashContent({ object: 'charge', amount: index }))
      fingerprints.add(hashContent({ object: 'charge', customer: `cus_${index}` }))
    }
    expect(fingerprints.size).toBe(40_000)
  })
})

describe('the fingerprint of the state before an update', () => {
  test.each<[string, JsonObject, JsonObject, JsonObject]>([
    ['a changed value', { id: 'x', status: 'open' }, { id: 'x', status: 'paid' }, { status: 'open' }],
    ['a key that was added', { id: 'x' }, { id: 'x', note: 'new' }, { note: null }],
    ['a key that was removed', { id: 'x', note: 'old' }, { id: 'x' }, { note: 'old' }],
    [
      'one key of a hash',
      { metadata: { plan: 'free', team: 'a' } },
      { metadata: { plan: 'gold', team: 'a' } },
      { metadata: { plan: 'free' } },
    ],
    [
      'a key added to a hash',
      { metadata: { team: 'a' } },
      { metadata: { plan: 'gold', team: 'a' } },
      { metadata: { plan: null } },
    ],
    [
      'a key two hashes deep',
      { a: { b: { c: 1, d: 2 }, e: 3 } },
      { a: { b: { c: 9, d: 2 }, e: 3 } },
      { a: { b: { c: 1 } } },
    ],
    ['a list, told whole', { items: [1, 2] }, { items: [1, 2, 3] }, { items: [1, 2] }],
    [
      'the entries of a list object',
      { refunds: { object: 'list', data: [{ id: 're_1' }], has_more: false } },
      { refunds: { object: 'list', data: [{ id: 're_2' }, { id: 're_1' }], has_more: false } },
      { refunds: { data: [{ id: 're_1' }] } },
    ],
    ['a hash in place of null', { discount: null }, { discount: { id: 'di_1' } }, { discount: null }],
    [
      'null in place of a hash',
      { discount: { id: 'di_1' } },
      { discount: null },
      { discount: { id: 'di_1' } },
    ],
    ['nothing at all', { id: 'x' }, { id: 'x' }, {}],
  ])('is that of the state itself for %s', (_, before, after, previous) => {
    expect(hashContentBefore(after, previous)).toBe(hashContent(before))
  })

  test('is another one when the update followed another state', () => {
    const after = { status: 'paid', note: 'kept' }
    expect(hashContentBefore(after, { status: 'open' })).not.toBe(hashContent({ status: 'open' }))
  })

  test('is right for any two states of an object', () => {
    const keys = fc.constantFrom('a', 'b', '__proto__', 'a.b', '')
    const states = fc.dictionary(keys, fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true })
    const state = states.map((of): JsonObject => JSON.parse(JSON.stringify(of)))
    fc.assert(
      fc.property(state, state, (before, after) => {
        expect(hashContentBefore(after, oldValues(before, after))).toBe(hashContent(before))
      }),
      { numRuns: 500 },
    )
  })
})

import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { BSON } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { isStorableKey, storableKey, withEscapes } from '../../src/core/escapes.ts'
import type { Json, JsonObject } from '../../src/core/json.ts'
import { decodeStored, toStorable } from '../../src/store/storable.ts'
import { hostileKeys, hostileObject, unstorableKeys } from '../support/hostile-json.ts'

const nested = (levels: number): Json => (levels === 0 ? 'a\uD800' : [nested(levels - 1)])

describe('a payload with its escapes', () => {
  test('is the payload itself where nothing needs one', () => {
    const payload = { a: 'b', nested: [{ c: '🦊' }], d: null, nul: 'x\0' }
    expect(withEscapes(payload)).toBe(payload)
  })

  test('is what is read back after a write, whatever it holds', () => {
    fc.assert(
      fc.property(hostileObject([...hostileKeys, ...unstorableKeys]), (payload) => {
        const bytes = BSON.serialize(toStorable({ payload }) as BSON.Document)
        const stored = decodeStored(bytes).payload
        const escaped = withEscapes(payload)
        if (!isDeepStrictEqual(escaped, stored)) expect(escaped).toStrictEqual(stored)
        expect(withEscapes(escaped)).toBe(escaped)
      }),
      { numRuns: 200 },
    )
  })

  test('leaves alone what is nested too deep to be stored', () => {
    const text = `${'['.repeat(100_000)}"a\\ud800"${']'.repeat(100_000)}`
    const payload: JsonObject = { deep: JSON.parse(text), lone: '\uD800' }
    expect(withEscapes(payload)).toEqual({ deep: payload.deep, lone: '\\ud800' })
    expect(withEscapes({ deep: nested(89) })).toEqual(
      JSON.parse(JSON.stringify({ deep: nested(89) }).replace('\\ud800', '\\\\ud800')),
    )
  })
})

describe('a key', () => {
  test.each(unstorableKeys)('has escapes of what cannot be in it: %j', (key) => {
    expect([isStorableKey(key), isStorableKey(key)]).toEqual([false, false])
    expect(isStorableKey(storableKey(key))).toBe(true)
  })

  test.each(hostileKeys)('is left as it is where only readers would stumble: %j', (key) => {
    expect([isStorableKey(key), isStorableKey(key), storableKey(key)]).toEqual([true, true, key])
  })
})

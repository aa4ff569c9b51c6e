import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalText, type Json, withoutNulls } from './plain-json.ts'
import { previousAttributes, undone } from './previous-attributes.ts'

describe('previous_attributes', () => {
  it('tell the changed part of a hash only', () => {
    const before = { name: 'Ann', address: { city: 'Wien', country: 'AT' } }
    const after = { name: 'Ann', address: { city: 'Graz', country: 'AT' } }
    expect(previousAttributes(before, after)).toEqual({ address: { city: 'Wien' } })
  })

  it('tell a key that was absent as null', () => {
    const previous = previousAttributes({ metadata: {} }, { metadata: { plan: 'gold' } })
    expect(previous).toEqual({ metadata: { plan: null } })
  })

  it('tell the old value of a removed key', () => {
    const previous = previousAttributes({ metadata: { plan: 'gold' } }, { metadata: {} })
    expect(previous).toEqual({ metadata: { plan: 'gold' } })
  })

  it('tell an array whole', () => {
    expect(previousAttributes({ images: ['a', 'b'] }, { images: ['a', 'c'] })).toEqual({ images: ['a', 'b'] })
  })

  it('tell a hash that came or went whole', () => {
    expect(previousAttributes({ address: null }, { address: { city: 'Wien' } })).toEqual({ address: null })
    expect(previousAttributes({ address: { city: 'Wien' } }, { address: null })).toEqual({
      address: { city: 'Wien' },
    })
  })

  it('are empty when nothing changed', () => {
    expect(previousAttributes({ a: { b: [1] } }, { a: { b: [1] } })).toEqual({})
  })

  it('take any change back when they are undone', () => {
    const leaf = fc.oneof(fc.constantFrom('x', 'y', null, 1), fc.array(fc.constantFrom('x', 'y')))
    const inner = fc.dictionary(fc.constantFrom('a', 'b', 'c'), leaf)
    const object = fc.dictionary(fc.constantFrom('k', 'l', 'm'), fc.oneof(leaf, inner)) as fc.Arbitrary<Json>
    fc.assert(
      fc.property(object, object, (before, after) => {
        const back = undone(after, previousAttributes(before, after))
        expect(canonicalText(withoutNulls(back))).toBe(canonicalText(withoutNulls(before)))
      }),
      { numRuns: 300 },
    )
  })
})

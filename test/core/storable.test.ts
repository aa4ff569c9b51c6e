import { describe, expect, test } from 'vitest'
import type { Json } from '../../src/core/json.ts'
import { assertStorable, problemOfStoring } from '../../src/core/storable.ts'

const nested = (levels: number, wrap: (inner: Json) => Json): Json =>
  levels === 0 ? 'innermost' : wrap(nested(levels - 1, wrap))

describe('what MongoDB can hold', () => {
  test.each<[string, (inner: Json) => Json]>([
    ['hashes', (inner) => ({ a: inner })],
    ['lists', (inner) => [inner]],
  ])('are %s nested up to 90 levels deep', (_, wrap) => {
    expect(problemOfStoring(nested(90, wrap))).toBeNull()
    expect(problemOfStoring(nested(91, wrap))).toBe('it is nested more than 90 levels deep')
  })

  test.each(['1e999', '-1e999', '{"a": [1, {"b": 1e999}]}'])(
    'is no number that is not finite: %s',
    (text) => {
      expect(problemOfStoring(JSON.parse(text))).toBe('it holds a number that is not finite')
    },
  )

  test('are hostile keys and values of every kind', () => {
    const hostile = '{"$set": "$secret", "a.b": 1, "__proto__": {"x": null}, "": true, "_bsontype": "Long"}'
    expect(problemOfStoring(JSON.parse(hostile))).toBeNull()
  })

  test.each(['content', 'expanded', 'previous'])('is asserted of the %s of an observation', (part) => {
    const sound = { content: { amount: 1 }, expanded: {}, previous: null }
    expect(assertStorable(sound)).toBeUndefined()
    expect(() => assertStorable({ ...sound, [part]: JSON.parse('{"amount": 1e999}') })).toThrow(
      expect.objectContaining({
        code: 'payload_unstorable',
        details: { problem: 'it holds a number that is not finite' },
      }),
    )
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mapContact, newContact } from '../../src/core/contact.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { defaultMappings, getMapping, problemOfMapping, problemOfMappings } from '../../src/core/mapping.ts'

const parse = (text: string): JsonObject => JSON.parse(text)

const mapped = (customer: JsonObject, from: string): unknown =>
  getMapping(customer, [{ from, to: 'custom.field' }])[0]?.value

describe('a mapped field', () => {
  test('is read by its path and written to another', () => {
    expect(getMapping({ address: { city: 'Wien' } }, [{ from: 'address.city', to: 'custom.town' }])).toEqual([
      { path: ['custom', 'town'], value: 'Wien' },
    ])
  })

  test('takes the longest own key that the path begins with', () => {
    const metadata = { 'tier.level.x': 'whole', 'tier.level': { x: 'two' }, tier: { 'level.x': 'one' } }
    expect(mapped({ metadata }, 'metadata.tier.level.x')).toBe('whole')
    const { 'tier.level.x': _whole, ...shorter } = metadata
    expect(mapped({ metadata: shorter }, 'metadata.tier.level.x')).toBe('two')
    expect(mapped({ metadata: { tier: metadata.tier } }, 'metadata.tier.level.x')).toBe('one')
  })

  test('goes on with shorter keys where a longer one leads nowhere', () => {
    expect(mapped({ 'a.b': { other: 1 }, a: { 'b.c': 'found' } }, 'a.b.c')).toBe('found')
    expect(mapped({ 'a.b': 'no hash', a: { b: { c: 'found' } } }, 'a.b.c')).toBe('found')
  })

  test('may have an empty key on its path', () => {
    expect(mapped({ metadata: { '': 'nameless' } }, 'metadata.')).toBe('nameless')
    expect(mapped({ '': { a: 'deep' } }, '.a')).toBe('deep')
  })

  test('is undefined where the customer has null or nothing', () => {
    expect(mapped({ phone: null }, 'phone')).toBeUndefined()
    expect(mapped({}, 'address.city')).toBeUndefined()
    expect(mapped({ address: 'text' }, 'address.city')).toBeUndefined()
    expect(mapped({ list: [{ a: 1 }] }, 'list.0')).toBeUndefined()
  })

  test('keeps false, zero and empty text', () => {
    expect([false, 0, ''].map((value) => mapped({ value }, 'value'))).toEqual([false, 0, ''])
  })

  test('is never read from a prototype', () => {
    for (const path of [
      'constructor',
      'constructor.name',
      '__proto__',
      'metadata.toString',
      'toString.length',
    ])
      expect(mapped({ metadata: {} }, path)).toBeUndefined()
    expect(mapped(parse('{"__proto__": {"a": "own"}}'), '__proto__.a')).toBe('own')
  })
})

describe('the mapping used by default', () => {
  test('copies e-mail, name and phone', () => {
    expect(defaultMappings).toEqual([
      { from: 'email', to: 'email' },
      { from: 'name', to: 'name' },
      { from: 'phone', to: 'phone' },
    ])
  })
})

describe('a mapping', () => {
  test.each(['email', 'address.city', 'custom.plan', 'last_name', 'custom.a.b.c.d.e.f.g', 'idea', '_ids'])(
    'may write to %s',
    (to) => {
      expect(problemOfMapping({ from: 'name', to })).toBeNull()
    },
  )

  test.each([
    '_id',
    '_id.x',
    'stripe_user_id',
    'stripe_customer_id',
    'stripe_customer_id.x',
    'former_stripe_customer_ids',
    'former_stripe_customer_ids.0',
    'source',
    'sync',
    'sync.fills',
    'created_at',
    'updated_at',
    '__proto__',
    'custom.__proto__.x',
    'constructor.prototype',
    'custom.prototype',
    '$set',
    'custom.$set',
    'custom.a\0b',
    '',
    '.',
    'custom.',
    '.email',
    'custom..plan',
    'custom.a.b.c.d.e.f.g.h',
    'x'.repeat(201),
  ])('may not write to %j', (to) => {
    expect(problemOfMapping({ from: 'name', to })).toEqual(expect.any(String))
  })

  test.each(['', 'x'.repeat(201)])('may not read from a path of %j', (from) => {
    expect(problemOfMapping({ from, to: 'name' })).toMatch(/"from"/)
  })

  test('says what it may not write to', () => {
    expect(problemOfMapping({ from: 'name', to: 'stripe_user_id' })).toBe(
      '"to" must not be "stripe_user_id", which billing-sync itself keeps',
    )
    expect(problemOfMapping({ from: 'name', to: 'a.$b' })).toBe('"to" must not contain "$b"')
  })
})

const segment = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('custom', 'address', 'name', 'a', 'sync', 'source', '_id') },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'stripe_user_id',
      'stripe_customer_id',
      'former_stripe_customer_ids',
      'created_at',
    ),
  },
  { weight: 3, arbitrary: fc.constantFrom('__proto__', 'constructor', 'prototype', '$set', '$', '') },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
)
const targets = fc.array(segment, { minLength: 1, maxLength: 10 }).map((segments) => segments.join('.'))

const keysWithin = (value: unknown): readonly string[] =>
  typeof value === 'object' && value !== null && !(value instanceof Date)
    ? Object.entries(value).flatMap(([key, child]) => [key, ...keysWithin(child)])
    : []

describe('10,000 paths at random', () => {
  test('never reach a field that billing-sync keeps', () => {
    const contact = {
      ...newContact('acct_1', 'cus_1', new Date(0)),
      stripe_customer_id: 'cus_1',
      sync: { a: 1 },
    }
    let accepted = 0
    fc.assert(
      fc.property(targets, (to) => {
        if (problemOfMapping({ from: 'x', to }) !== null) return
        accepted += 1
        const written = mapContact(contact, { x: 'polluted' }, [{ from: 'x', to }])
        expect(written).toMatchObject(contact)
        expect(keysWithin(written).filter((key) => key.startsWith('$') || key === '__proto__')).toEqual([])
        expect(Object.getPrototypeOf(written)).toBe(Object.prototype)
        expect('polluted' in {}).toBe(false)
      }),
      { numRuns: 10_000 },
    )
    expect(accepted).toBeGreaterThan(100)
  })
})

describe('what is kept as the mappings of an account', () => {
  const rule = { from: 'name', to: 'name' }

  test.each([[[]], [[rule]], [[rule, { from: 'email', to: 'mail' }]]])('can be %j', (kept) => {
    expect(problemOfMappings(kept)).toBeNull()
  })

  test.each([
    ['name', 'expected a list of {from, to}'],
    [null, 'expected a list of {from, to}'],
    [[rule, { from: 'name' }], 'expected each to be {from, to}, two texts'],
    [[null], 'expected each to be {from, to}, two texts'],
    [[rule, { from: 'name', to: '_id' }], '"to" must not be "_id", which billing-sync itself keeps'],
  ])('cannot be %j', (kept, problem) => {
    expect(problemOfMappings(kept)).toBe(problem)
  })
})

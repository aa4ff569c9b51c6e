import { describe, expect, test } from 'vitest'
import {
  canonicalCharge,
  canonicalInvoice,
  canonicalSubscription,
  isPaid,
  lentMetadata,
  ownMetadata,
  shownMetadata,
} from '../../src/core/canonical.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { noLinks } from '../../src/core/observation.ts'
import type { Projection } from '../../src/core/projection.ts'
import { observed, projected, projectedFrom } from '../support/observed.ts'

const charge = (fields: JsonObject = {}, told: Partial<Projection> = {}): Projection =>
  projected('charge', { id: 'ch_1', ...fields }, told)
const invoice = (fields: JsonObject = {}, told: Partial<Projection> = {}): Projection =>
  projected('invoice', { id: 'in_1', ...fields }, told)
const subscription = (fields: JsonObject = {}): Projection =>
  projected('subscription', { id: 'sub_1', ...fields })

const noRelatives = { lent: null, charges: [] }
const chargeOf = (charges: readonly Projection[], fields: JsonObject = {}, named: readonly string[] = []) =>
  canonicalInvoice(
    invoice(fields, { links: { ...noLinks, charges: [...charges.map(({ id }) => id), ...named].sort() } }),
    { lent: null, charges },
  ).charge

describe('the links that every version shows', () => {
  test('are null and empty while nothing is known', () => {
    expect(canonicalCharge(charge(), null).invoice).toBeNull()
    expect(canonicalInvoice(invoice(), noRelatives)).toEqual({
      subscription: null,
      charges: [],
      charge: null,
      paid: false,
      metadata: {},
    })
  })

  test('are those that were learnt from either end', () => {
    const links = { ...noLinks, invoices: ['in_7'] }
    expect(canonicalCharge(charge({}, { links }), null).invoice).toBe('in_7')
    const learnt = { invoices: [], charges: ['ch_1', 'ch_2'], subscriptions: ['sub_7'] }
    expect(canonicalInvoice(invoice({}, { links: learnt }), noRelatives)).toMatchObject({
      subscription: 'sub_7',
      charges: ['ch_1', 'ch_2'],
    })
  })
})

describe("an invoice's charge", () => {
  const succeeded = (id: string, created: number): Projection =>
    projected('charge', { id, created, status: 'succeeded' })
  const failed = (id: string, created: number): Projection =>
    projected('charge', { id, created, status: 'failed' })

  test('is the succeeded one that was created last', () => {
    expect(chargeOf([succeeded('ch_a', 5), succeeded('ch_b', 3), failed('ch_c', 9)])).toBe('ch_a')
  })

  test('is the one with the greater id of two succeeded in one second', () => {
    expect(chargeOf([succeeded('ch_b', 5), succeeded('ch_a', 5)])).toBe('ch_b')
  })

  test('is the last attempt where none succeeded', () => {
    expect(chargeOf([failed('ch_a', 5), failed('ch_b', 9)])).toBe('ch_b')
  })

  test('is the one the invoice names while that is not stored', () => {
    expect(chargeOf([failed('ch_a', 5)], { charge: 'ch_new' }, ['ch_new'])).toBe('ch_new')
    expect(chargeOf([succeeded('ch_a', 5)], { charge: 'ch_new' }, ['ch_new'])).toBe('ch_a')
  })

  test('is the greatest of those known by id alone', () => {
    expect(chargeOf([], {}, ['ch_b', 'ch_a'])).toBe('ch_b')
  })
})

describe('paid', () => {
  test.each([
    ['paid', true],
    ['open', false],
    ['void', false],
    ['draft', false],
  ])('follows the status %s and no field of that name', (status, paid) => {
    expect(isPaid(invoice({ status, paid: !paid }))).toBe(paid)
    expect(canonicalInvoice(invoice({ status, paid: !paid }), noRelatives).paid).toBe(paid)
  })
})

describe('the metadata that an invoice shows', () => {
  const metadataWith = (fields: JsonObject, of: Projection | null): unknown =>
    canonicalInvoice(invoice(fields), { lent: lentMetadata(of), charges: [] }).metadata

  test("is its own over its subscription's, key by key", () => {
    const fields = { metadata: { plan: 'own', note: 'n' } }
    expect(metadataWith(fields, subscription({ metadata: { plan: 'sub', team: 't' } }))).toEqual({
      plan: 'own',
      note: 'n',
      team: 't',
    })
  })

  test.each([
    ['before basil', { subscription_details: { metadata: { team: 'snapshot' } } }],
    ['since basil', { parent: { subscription_details: { metadata: { team: 'snapshot' } } } }],
  ])('takes its own snapshot %s while the subscription is unknown', (_, fields) => {
    expect(metadataWith({ ...fields, metadata: { note: 'n' } }, null)).toEqual({
      team: 'snapshot',
      note: 'n',
    })
  })

  test('forgets the snapshot once the subscription is known', () => {
    const fields = { subscription_details: { metadata: { team: 'snapshot', gone: 'removed at its source' } } }
    expect(metadataWith(fields, subscription({ metadata: { team: 'latest' } }))).toEqual({ team: 'latest' })
    expect(metadataWith(fields, subscription({ metadata: {} }))).toEqual({})
  })

  test('keeps the snapshot while only a stub of it is known', () => {
    const stub = { ...subscription(), content: null }
    const fields = { subscription_details: { metadata: { team: 'snapshot' } } }
    expect(metadataWith(fields, stub)).toEqual({ team: 'snapshot' })
  })

  test('is empty where neither holds any', () => {
    expect(metadataWith({ metadata: null, subscription_details: null }, null)).toEqual({})
  })
})

describe('the metadata that a charge shows', () => {
  test("is its own over what its invoice shows, the subscription's included", () => {
    const paid = invoice({ metadata: { note: 'invoice' } })
    const shown = { ...paid, canonical: { metadata: { note: 'invoice', team: 'subscription', own: 'no' } } }
    expect(canonicalCharge(charge({ metadata: { own: 'charge' } }), shown).metadata).toEqual({
      note: 'invoice',
      team: 'subscription',
      own: 'charge',
    })
  })

  test('is its own alone without an invoice', () => {
    expect(canonicalCharge(charge({ metadata: { own: 'charge' } }), null).metadata).toEqual({ own: 'charge' })
    expect(canonicalCharge(charge(), null).metadata).toEqual({})
  })

  test('holds hostile keys as plain ones', () => {
    const hostile: JsonObject = JSON.parse('{"__proto__": "p", "a.b": "1", "$set": "2", "": "3"}')
    const { metadata } = canonicalCharge(charge({ metadata: hostile }), invoice({ metadata: hostile }))
    expect(JSON.stringify(metadata)).toBe(JSON.stringify(hostile))
    expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype)
  })
})

describe('own and shown metadata', () => {
  test('are empty where there is no projection, or no hash', () => {
    expect([ownMetadata(null), shownMetadata(null), ownMetadata(charge({ metadata: 'text' }))]).toEqual([
      {},
      {},
      {},
    ])
  })

  test('are the same until relatives add to them', () => {
    const plain = charge({ metadata: { a: '1' } })
    expect(shownMetadata(plain)).toEqual({ a: '1' })
    expect(shownMetadata({ ...plain, canonical: { metadata: { b: '2' } } })).toEqual({ b: '2' })
  })
})

describe("a subscription's current period", () => {
  const item = (start: number, end: number): JsonObject => ({
    current_period_start: start,
    current_period_end: end,
  })
  const items = (...data: readonly JsonObject[]): JsonObject => ({ object: 'list', data, has_more: false })

  test('reaches from the earliest to the latest of its items', () => {
    const content = { items: items(item(20, 50), item(10, 40), item(30, 45)) }
    expect(canonicalSubscription(subscription(content))).toEqual({
      current_period_start: 10,
      current_period_end: 50,
    })
  })

  test('is its own field in versions before basil', () => {
    const content = { current_period_start: 7, current_period_end: 9, items: items({ id: 'si_1' }) }
    expect(canonicalSubscription(subscription(content))).toEqual({
      current_period_start: 7,
      current_period_end: 9,
    })
  })

  test('is its own field where an older list of items is shown in place of a cut one', () => {
    const seen = { kind: 'subscription', id: 'sub_1' } as const
    const whole = observed({ ...seen, at: 1, content: { items: items(item(1, 5), item(2, 99)) } })
    const cut = { ...items({ id: 'si_1' }), has_more: true }
    const period = { current_period_start: 300, current_period_end: 400 }
    const newer = observed({ ...seen, at: 2, content: { items: cut, ...period } })
    expect(canonicalSubscription(projectedFrom(whole, newer))).toEqual(period)
  })

  test('is null where the payload holds neither', () => {
    expect(canonicalSubscription(subscription())).toEqual({
      current_period_start: null,
      current_period_end: null,
    })
  })

  test('counts the items of the newest complete list', () => {
    const whole = observed({
      at: 1,
      kind: 'subscription',
      id: 'sub_1',
      content: { items: items(item(1, 5), item(2, 99)) },
    })
    const cut = observed({
      at: 2,
      kind: 'subscription',
      id: 'sub_1',
      content: { items: { ...items(item(2, 5)), has_more: true } },
    })
    expect(canonicalSubscription(projectedFrom(whole, cut))).toEqual({
      current_period_start: 1,
      current_period_end: 99,
    })
  })
})

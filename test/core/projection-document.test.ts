import fc from 'fast-check'
import { BSON } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { canonicalCharge, canonicalInvoice } from '../../src/core/canonical.ts'
import type { JsonObject } from '../../src/core/json.ts'
import type { ObjectKind } from '../../src/core/object-kinds.ts'
import { noLinks } from '../../src/core/observation.ts'
import { foldObservation, type Projection } from '../../src/core/projection.ts'
import {
  documentId,
  documentOf,
  type ProjectionDocument,
  projectionOf,
} from '../../src/core/projection-document.ts'
import { decodeStored, toStorable } from '../../src/store/storable.ts'
import { observed, projected, projectedFrom } from '../support/observed.ts'

const now = new Date('2026-01-01T00:00:00Z')

/** The document as MongoDB gives it back: through the bytes that the driver would write. */
const storedOf = (projection: Projection): ProjectionDocument => {
  const bytes = BSON.serialize(toStorable(documentOf('acct_1', projection, now)) as BSON.Document)
  return decodeStored(bytes) as ProjectionDocument
}

const expectRoundTrip = (projection: Projection): void => {
  const loaded = projectionOf(projection.kind, storedOf(projection))
  expect(loaded).toEqual({ ...projection, firstStoredAt: projection.firstStoredAt ?? now })
  // What is written again is the same, byte for byte of meaning.
  expect(storedOf(loaded)).toEqual(storedOf(projection))
}

const charge = (fields: JsonObject = {}): Projection => {
  const plain = projected('charge', { id: 'ch_1', object: 'charge', ...fields })
  return { ...plain, canonical: canonicalCharge(plain, null) }
}

const list = (ids: readonly string[], has_more: boolean): JsonObject => ({
  object: 'list',
  data: ids.map((id) => ({ id })),
  has_more,
})

describe('the document of a projection', () => {
  test('shows the object with what billing-sync adds', () => {
    const seen = observed({
      at: 100,
      content: { id: 'ch_1', object: 'charge', amount: 500, invoice: null, metadata: { own: '1' } },
      links: { ...noLinks, invoices: ['in_1'] },
      expanded: { customer: { id: 'cus_1' } },
    })
    const plain = projectedFrom(seen)
    const invoice = projected('invoice', { id: 'in_1', metadata: { team: 'blue', own: 'no' } })
    const { sync, ...document } = storedOf({ ...plain, canonical: canonicalCharge(plain, invoice) })
    expect(document).toEqual({
      _id: 'acct_1:ch_1',
      id: 'ch_1',
      object: 'charge',
      amount: 500,
      invoice: 'in_1',
      metadata: { team: 'blue', own: '1' },
      stripe_id: 'ch_1',
      stripe_user_id: 'acct_1',
      livemode: true,
      expanded: { customer: { id: 'cus_1' } },
    })
    expect(sync).toMatchObject({
      as_of: new Date(100_000),
      event_id: 'evt_100',
      source: 'replay',
      api_version: '2024-12-18.acacia',
      created_at: now,
      updated_at: now,
      own_metadata: { own: '1' },
      incomplete: [],
    })
  })

  test('has no expanded and no tombstone without any', () => {
    const document = storedOf(charge())
    expect(document).not.toHaveProperty('expanded')
    expect(document).not.toHaveProperty('deleted')
    expect(document).not.toHaveProperty('deleted_at')
  })

  test('keeps the time when it was first stored', () => {
    const before = new Date('2025-06-01T00:00:00Z')
    const { sync } = storedOf({ ...charge(), firstStoredAt: before })
    expect([sync.created_at, sync.updated_at]).toEqual([before, now])
  })

  test('marks a tombstone with the time of its deletion', () => {
    const gone = observed({ at: 200, content: null, deletes: true, eventId: 'evt_gone' })
    const deleted = foldObservation(charge({ amount: 5 }), gone)
    expect(storedOf(deleted)).toMatchObject({ amount: 5, deleted: true, deleted_at: new Date(200_000) })
  })

  test('bears no tombstone once a created event revived it', () => {
    const gone = observed({ at: 200, content: null, deletes: true, eventId: 'evt_gone' })
    const again = observed({ at: 300, creates: true })
    expect(storedOf(foldObservation(foldObservation(charge(), gone), again))).not.toHaveProperty('deleted')
  })

  test('names no event where a read showed the content', () => {
    const read = projectedFrom({ ...observed({ at: 1, eventId: null }), moment: 200 })
    expect(storedOf(read).sync).toMatchObject({ event_id: null, as_of: new Date(100_000) })
  })

  test('is keyed by account and object', () => {
    expect(documentId('acct_1', 'prod:x')).toBe('acct_1:prod:x')
  })
})

describe('a projection is read back the same', () => {
  test('for one observation', () => {
    expectRoundTrip(charge({ amount: 500, metadata: { a: '1' }, nothing: null, list: [1, { b: [] }] }))
  })

  test('for several observations of one second and a past', () => {
    const seen = (at: number, status: string, from: string | null) =>
      observed({
        at,
        eventId: `evt_${at}_${status}`,
        content: { id: 'ch_1', status, invoice: null, metadata: {} },
        previous: from === null ? null : { status: from },
      })
    const folded = projectedFrom(seen(1, 'a', null), seen(2, 'c', 'b'), seen(2, 'b', 'a'), seen(2, 'd', 'x'))
    expect(folded.content?.top).toHaveLength(3)
    expect(folded.content?.past).toHaveLength(1)
    expectRoundTrip({ ...folded, canonical: canonicalCharge(folded, null) })
  })

  test('for observations of one second that show the same, kept once', () => {
    const seen = (eventId: string, content: JsonObject) =>
      observed({ at: 1, eventId, content: { id: 'ch_1', invoice: null, metadata: {}, ...content } })
    const same = [seen('evt_a', { status: 'paid' }), seen('evt_c', { status: 'paid' })] as const
    const folded = projectedFrom(same[0], seen('evt_b', { status: 'open' }), same[1])
    const shown = { ...folded, canonical: canonicalCharge(folded, null) }
    expect(storedOf(shown).sync.order?.top.map(({ id, content }) => [id, content?.status])).toEqual([
      ['evt_a', undefined],
      ['evt_b', 'open'],
      ['evt_c', undefined],
    ])
    expectRoundTrip(shown)
  })

  test('for canonical fields that cover or extend the payload', () => {
    const links = { invoices: [], charges: ['ch_1'], subscriptions: ['sub_1'] }
    const payloads: readonly JsonObject[] = [
      { subscription: null, charge: 'ch_0', paid: true, charges: 'theirs', metadata: { own: '1' } },
      { status: 'paid' },
      { metadata: null },
      { metadata: 'a text' },
      { metadata: [] },
      { metadata: {} },
    ]
    for (const fields of payloads) {
      const plain = projected('invoice', { id: 'in_1', ...fields }, { links })
      const lent = { team: 'blue' }
      expectRoundTrip({ ...plain, canonical: canonicalInvoice(plain, { lent, charges: [] }) })
    }
  })

  test('for lists that are cut', () => {
    const seen = (at: number, lines: JsonObject | null) =>
      observed({ at, content: { id: 'ch_1', ...(lines === null ? {} : { refunds: lines }) } })
    const completed = projectedFrom(seen(1, list(['a', 'b'], false)), seen(2, list(['a'], true)))
    expect(storedOf(completed)).toMatchObject({
      refunds: list(['a', 'b'], false),
      sync: { incomplete: ['refunds'] },
    })
    expectRoundTrip({ ...completed, canonical: canonicalCharge(completed, null) })
    const cut = projectedFrom(seen(1, list(['a'], true)))
    expectRoundTrip({ ...cut, canonical: canonicalCharge(cut, null) })
  })

  test('for a list that newer versions no longer render', () => {
    const old = observed({ at: 1, content: { id: 'ch_1', refunds: list(['a'], false) } })
    const folded = projectedFrom(old, observed({ at: 2, content: { id: 'ch_1' } }))
    expect(storedOf(folded)).not.toHaveProperty('refunds')
    expectRoundTrip({ ...folded, canonical: canonicalCharge(folded, null) })
  })

  test.each<[string, ObjectKind]>([
    ['a tombstone of a customer', 'customer'],
    ['a tombstone of an invoice', 'invoice'],
  ])('for %s without content', (_, kind) => {
    const stub = projectedFrom(observed({ at: 1, kind, id: 'x_1', content: null, deletes: true }))
    expect(storedOf(stub)).toMatchObject({
      deleted: true,
      sync: { as_of: null, event_id: null, order: null },
    })
    expectRoundTrip(stub)
  })

  test('for a tombstone that was revived', () => {
    const told = [
      observed({ at: 1, creates: true }),
      observed({ at: 2, content: null, deletes: true }),
      observed({ at: 3, creates: true, tellsPayment: true, livemode: null }),
    ] as const
    const revived = projectedFrom(...told)
    expectRoundTrip({ ...revived, canonical: canonicalCharge(revived, null) })
  })

  test('for a tombstone that reads tell of again and again', () => {
    const gone = (at: number) => observed({ at, deletes: true, eventId: null, readSeq: at })
    const twice = projectedFrom(observed({ at: 1 }), gone(2), gone(3))
    expectRoundTrip(twice)
    expectRoundTrip(projectedFrom(observed({ at: 1 }), gone(2), observed({ at: 3, deletes: true })))
    const { gone_moment: _, ...sync } = storedOf(twice).sync
    const { deletedAt, goneSince } = projectionOf(twice.kind, { ...storedOf(twice), sync })
    expect(goneSince).toBe(deletedAt)
  })

  test('for a mode that differs from that of the payload', () => {
    for (const livemode of [true, false, null]) {
      for (const fields of [{ livemode: true }, { livemode: null }, {}])
        expectRoundTrip({ ...charge(fields), livemode })
    }
  })

  test.each(['sync', 'deleted', 'deleted_at', 'stripe_id', 'stripe_user_id', '_id', 'expanded'])(
    'for a payload with a field of the name %s',
    (name) => {
      for (const value of ['theirs', null, { as_of: 1 }, true]) {
        const projection = charge({ [name]: value })
        expectRoundTrip(projection)
        const document = storedOf(projection)
        expect(document).toMatchObject({
          _id: 'acct_1:ch_1',
          stripe_id: 'ch_1',
          stripe_user_id: 'acct_1',
          sync: { event_id: 'evt_1' },
        })
        expect(document.deleted).toBeUndefined()
      }
    },
  )

  test('for hostile keys wherever they stand', () => {
    const hostile: JsonObject = JSON.parse(
      `{"__proto__": "p", "constructor": {"a": 1}, "$set": "$secret", "a.b": "1", "": "empty", "_bsontype": "Long",
        "$ref": "x", "$id": "y", "toBSON": "z", "valueOf": 0, "ключ": "значение"}`,
    )
    expectRoundTrip(charge({ metadata: hostile, more: hostile }))
    expectRoundTrip(charge(hostile))
    expect('p' in {}).toBe(false)
  })

  test('for any payload and any of our own fields in it', () => {
    const key = fc.constantFrom(
      ...['sync', 'deleted', 'stripe_id', 'expanded', 'livemode', 'metadata', 'invoice', 'refunds', 'own'],
      ...['__proto__', '$set', 'a.b', '_bsontype', '', 'amount', 'has_more', 'data'],
    )
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        fc.constantFrom(null, true, false, 0, -1, 1.5, 2 ** 40, '', '$secret', 'text'),
        fc.array(tie('any'), { maxLength: 2 }),
        fc.dictionary(key, tie('any'), { maxKeys: 3, noNullPrototype: true }),
      ),
    })).any
    const payload = fc.dictionary(key, value, { noNullPrototype: true }) as fc.Arbitrary<JsonObject>
    fc.assert(
      fc.property(payload, payload, fc.nat({ max: 2 }), (first, second, at) => {
        const folded = projectedFrom(
          observed({ at: 1, content: { ...first, id: 'ch_1' } }),
          observed({ at, eventId: 'evt_second', content: { ...second, id: 'ch_1' } }),
        )
        expectRoundTrip({ ...folded, canonical: canonicalCharge(folded, null) })
      }),
      { numRuns: 500 },
    )
  })
})

import fc from 'fast-check'
import { BSON } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { canonicalCharge, canonicalInvoice, canonicalSubscription } from '../../src/core/canonical.ts'
import { asNewest, driftedFields, driftedLinks } from '../../src/core/drift.ts'
import type { Json, JsonObject } from '../../src/core/json.ts'
import { observeRead } from '../../src/core/normalise.ts'
import type { ObjectKind } from '../../src/core/object-kinds.ts'
import { noLinks, type Observation } from '../../src/core/observation.ts'
import { foldObservation, type Projection } from '../../src/core/projection.ts'
import { documentOf, type ProjectionDocument, projectionOf } from '../../src/core/projection-document.ts'
import { decodeStored, toStorable } from '../../src/store/storable.ts'
import { observed } from '../support/observed.ts'
import { populate } from '../support/stripe/population.ts'
import { shapeOf } from '../support/stripe/shapes.ts'
import type { StripeAccount } from '../support/stripe/stripe-account.ts'
import { World } from '../support/stripe/world.ts'

const endive = '2026-10-28.endive'
const acacia = '2025-02-24.acacia'
const kinds: readonly ObjectKind[] = [
  'customer',
  'product',
  'subscription',
  'invoice',
  'charge',
  'refund',
  'dispute',
  'invoice_payment',
]

const grownAccount = (): StripeAccount => {
  const account = new World({ startAt: 1_700_000_000 }).account('acct_1')
  populate(account, {
    ...{ customers: 3, products: 2, subscriptions: 3, paidInvoices: 3 },
    ...{ charges: 3, refunds: 2, disputes: 2 },
  })
  return account
}

const account = grownAccount()
const objects = kinds.flatMap((kind) => account.ids(kind).map((id) => account.stored(kind, id)))

const readAs = (kind: ObjectKind, object: JsonObject, apiVersion = endive): Observation =>
  observeRead(kind, object as JsonObject & { id: string }, {
    ...{ unixSeconds: 1_700_000_100, seq: 1, apiVersion },
    ...{ livemode: false, source: 'backfill', single: false },
  })

const rendered = (object: (typeof objects)[number], version: string): Observation =>
  readAs(
    object.type as ObjectKind,
    shapeOf(object, version === endive ? 'basil' : 'acacia') as JsonObject,
    version,
  )

const withCanonical = (projection: Projection): Projection => {
  const { kind } = projection
  if (kind === 'charge') return { ...projection, canonical: canonicalCharge(projection, null) }
  if (kind === 'invoice')
    return { ...projection, canonical: canonicalInvoice(projection, { lent: null, charges: [] }) }
  return kind === 'subscription'
    ? { ...projection, canonical: canonicalSubscription(projection) }
    : projection
}

/** The document as MongoDB gives it back once the observations were folded. */
const storedFrom = (...seen: readonly Observation[]): ProjectionDocument => {
  const projection = seen.reduce<Projection | null>((before, next) => foldObservation(before, next), null)
  if (projection === null) throw new RangeError('nothing was seen')
  const document = documentOf('acct_1', withCanonical(projection), new Date(0))
  return decodeStored(BSON.serialize(toStorable(document) as BSON.Document)) as ProjectionDocument
}

const expectedOf = (document: ProjectionDocument, seen: Observation): Projection =>
  withCanonical(foldObservation(projectionOf(seen.kind, document), asNewest(seen)))

const fieldsOf = (document: ProjectionDocument, seen: Observation): readonly string[] =>
  driftedFields({ document, expected: expectedOf(document, seen) })

const charge = (fields: JsonObject, told: Partial<Observation> = {}): Observation =>
  observed({ at: 5, content: { id: 'ch_1', object: 'charge', ...fields }, ...told })

const list = (count: number, has_more: boolean): JsonObject => ({
  object: 'list',
  data: Array.from({ length: count }, (_, index) => ({ id: `li_${index}`, amount: index })),
  has_more,
})

describe('no difference is found', () => {
  test.each([acacia, endive])('in what was folded from an observation at %s', (version) => {
    for (const object of objects) {
      const seen = rendered(object, version)
      expect([object.id, ...fieldsOf(storedFrom(seen), seen)]).toEqual([object.id])
    }
  })

  test('in what an older version rendered of the same state', () => {
    for (const object of objects) {
      const [old, recent] = [rendered(object, acacia), rendered(object, endive)]
      expect([object.id, ...fieldsOf(storedFrom(old), recent)]).toEqual([object.id])
    }
  })

  test('in a document that a newer observation left as it is seen', () => {
    const newer = charge({ amount: 5 }, { moment: 9_000_000_000 })
    expect(fieldsOf(storedFrom(newer), charge({ amount: 5 }))).toEqual([])
    expect(fieldsOf(storedFrom(newer), charge({ amount: 6 }))).toEqual(['amount'])
  })

  test('in snapshots of relatives and in book-keeping', () => {
    const document = storedFrom(charge({ amount: 5 }))
    const edited = { ...document, expanded: { customer: { id: 'cus_9' } } }
    expect(fieldsOf(edited, charge({ amount: 5 }, { source: 'backfill', eventId: null }))).toEqual([])
  })

  test('in a mode that nobody tells', () => {
    const { livemode: _, ...document } = storedFrom(charge({ amount: 5 }))
    const seen = charge({ amount: 5 }, { livemode: null })
    expect(fieldsOf(document as ProjectionDocument, seen)).toEqual([])
  })

  test('where a field is null on one side and absent on the other', () => {
    expect(fieldsOf(storedFrom(charge({ review: null })), charge({}))).toEqual([])
  })

  test('in a list that came cut', () => {
    const seen = (lines: JsonObject) => readAs('invoice', { id: 'in_1', lines })
    expect(fieldsOf(storedFrom(seen(list(12, false))), seen(list(10, true)))).toEqual([])
    expect(fieldsOf(storedFrom(seen(list(10, true))), seen(list(12, false)))).toEqual(['lines'])
  })

  test('in what an out of band payment counts for before and since basil', () => {
    const old = readAs('invoice', { id: 'in_1', amount_paid: 0, paid_out_of_band: true }, acacia)
    expect(fieldsOf(storedFrom(old), readAs('invoice', { id: 'in_1', amount_paid: 70 }))).toEqual([])
  })

  test('in a tombstone of what is deleted', () => {
    const gone = charge({}, { content: null, deletes: true, moment: 900, eventId: 'evt_gone' })
    expect(fieldsOf(storedFrom(charge({ amount: 5 }), gone), gone)).toEqual([])
  })
})

describe('a difference is found by its name', () => {
  test('whichever top-level field of whichever object it is in', () => {
    for (const object of objects) {
      const seen = rendered(object, endive)
      const document = storedFrom(seen)
      for (const name of Object.keys(seen.content ?? {}).filter(isPlainField)) {
        const edited = { ...document, [name]: other(document[name]) } as ProjectionDocument
        expect([object.id, ...fieldsOf(edited, seen)]).toEqual([object.id, name])
      }
    }
  })

  test('whatever the kinds of value on both sides are', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (one, two) => {
        const fields = fieldsOf(storedFrom(charge({ extra: one as Json })), charge({ extra: two as Json }))
        expect(fields).toEqual(JSON.stringify(one) === JSON.stringify(two) ? [] : ['extra'])
      }),
    )
  })

  test.each<[Json, Json]>([
    [0, false],
    [[], {}],
    [{ a: null }, {}],
    [1, '1'],
  ])('be it %j or %j', (one, two) => {
    expect(fieldsOf(storedFrom(charge({ extra: one })), charge({ extra: two }))).toEqual(['extra'])
  })

  test('in fields that both generations have', () => {
    const old = readAs(
      'invoice',
      { id: 'in_1', status: 'open', charge: null, due: { at: 1, was: 2 } },
      acacia,
    )
    const recent = (status: string, at: number) =>
      readAs('invoice', { id: 'in_1', status, parent: null, due: { at, by: 'x' } })
    expect(fieldsOf(storedFrom(old), recent('open', 1))).toEqual([])
    expect(fieldsOf(storedFrom(old), recent('void', 1))).toEqual(['status'])
    expect(fieldsOf(storedFrom(old), recent('open', 3))).toEqual(['due'])
  })

  test('in metadata that a nested object holds, key by key', () => {
    const item = (metadata: JsonObject) => ({
      object: 'list',
      data: [{ id: 'si_1', metadata }],
      has_more: false,
    })
    const old = readAs('subscription', { id: 'sub_1', items: item({ a: '1' }) }, acacia)
    expect(fieldsOf(storedFrom(old), readAs('subscription', { id: 'sub_1', items: item({}) }))).toEqual([
      'items',
    ])
  })

  test('in the mode of a document that has none of its own', () => {
    const seen = readAs('refund', { id: 're_1', object: 'refund', amount: 5 })
    const { livemode, ...without } = storedFrom(seen)
    expect(fieldsOf(without as ProjectionDocument, seen)).toEqual(['livemode'])
    expect(fieldsOf({ ...without, livemode: !livemode } as ProjectionDocument, seen)).toEqual(['livemode'])
  })

  test('in its own metadata, whatever relatives lend it', () => {
    const links = { ...noLinks, invoices: ['in_1'] }
    const seen = (metadata: JsonObject) => charge({ metadata }, { links })
    const document = storedFrom(seen({ own: '1' }))
    const lent = { ...document, metadata: { own: '1', lent: '2' } }
    expect(fieldsOf(lent, seen({ own: '1' }))).toEqual([])
    expect(fieldsOf(lent, seen({ own: '2' }))).toEqual(['metadata'])
    expect(fieldsOf({ ...document, metadata: { lent: '2' } }, seen({ own: '1' }))).toEqual(['metadata'])
    const nobodyLends = charge({ metadata: { own: '1' } })
    expect(fieldsOf({ ...storedFrom(nobodyLends), metadata: { own: '1', lent: '2' } }, nobodyLends)).toEqual([
      'metadata',
    ])
  })

  test('in canonical links, moved fields and whether an invoice is paid', () => {
    const links = { ...noLinks, charges: ['ch_1', 'ch_2'], subscriptions: ['sub_1'] }
    const seen = { ...readAs('invoice', { id: 'in_1', status: 'paid' }), links }
    const document = storedFrom(seen)
    const edited = (fields: JsonObject) => fieldsOf({ ...document, ...fields } as ProjectionDocument, seen)
    expect(edited({ subscription: 'sub_2' })).toEqual(['subscription'])
    expect(edited({ charges: ['ch_1'] })).toEqual(['charges'])
    expect(edited({ charge: 'ch_9' })).toEqual(['charge'])
    expect(edited({ paid: false })).toEqual(['paid'])
    // Which attempt decided follows from the charges, which are looked at themselves.
    expect(edited({ charge: 'ch_1' })).toEqual([])
  })

  test('in a tombstone of what lives, and the other way round', () => {
    const gone = charge({}, { content: null, deletes: true, moment: 900, eventId: 'evt_gone' })
    expect(fieldsOf(storedFrom(charge({ amount: 5 }), gone), charge({ amount: 5 }))).toEqual(['deleted'])
    expect(fieldsOf(storedFrom(charge({ amount: 5 })), gone)).toEqual(['deleted'])
  })
})

describe('the links of a relative', () => {
  test('are compared without the rest of it', () => {
    const document = storedFrom(charge({ amount: 5 }))
    const linked = { ...projectionOf('charge', document), links: { ...noLinks, invoices: ['in_1'] } }
    const expected = { ...linked, canonical: canonicalCharge(linked, null) }
    expect(driftedLinks({ document: { ...document, amount: 6 }, expected })).toEqual(['invoice'])
  })

  test('are no matter of a tombstone', () => {
    const gone = charge({}, { content: null, deletes: true, moment: 900, eventId: 'evt_gone' })
    const document = storedFrom(charge({ amount: 5 }), gone)
    const expected = { ...projectionOf('charge', document), canonical: { invoice: 'in_1' } }
    expect(driftedLinks({ document, expected })).toEqual([])
  })
})

// What relatives, the status or the mode decide is looked at by tests of its own.
const elsewhere = new Set(['id', 'metadata', 'livemode', 'status', 'items'])
const isPlainField = (name: string): boolean => !elsewhere.has(name)

const other = (value: unknown): Json => {
  if (typeof value === 'number') return value + 1
  if (typeof value === 'boolean') return !value
  if (Array.isArray(value)) return [...value, 'more'] as Json
  if (typeof value !== 'object' || value === null) return `other than ${String(value)}`
  return Object.hasOwn(value, 'data') ? { ...value, data: ['other'] } : ({ ...value, more: true } as Json)
}

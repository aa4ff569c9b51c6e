import { describe, expect, test } from 'vitest'
import { noLinks } from '../../src/core/observation.ts'
import {
  contentOf,
  deletionOf,
  foldObservation,
  isDeleted,
  mergeLinks,
  type Projection,
} from '../../src/core/projection.ts'
import { observed, ordersOf, projectedFrom, type Told } from '../support/observed.ts'

const customer = (at: number, told: Partial<Told> = {}) =>
  observed({ at, kind: 'customer', id: 'cus_1', content: { id: 'cus_1', name: `as of ${at}` }, ...told })
const created = (at: number) => customer(at, { creates: true, eventId: `evt_created_${at}` })
const deleted = (at: number, told: Partial<Told> = {}) =>
  customer(at, { deletes: true, eventId: `evt_deleted_${at}`, ...told })
const stub = (at: number) => deleted(at, { content: null })

/** What every order of arrival ends as: one value where the order does not matter. */
const inAnyOrder = <Value>(
  seen: readonly ReturnType<typeof observed>[],
  partOf: (projection: Projection) => Value,
): readonly Value[] => {
  const values = ordersOf(seen).map(([first = customer(0), ...others]) =>
    JSON.stringify(partOf(projectedFrom(first, ...others))),
  )
  return [...new Set(values)].map((value) => JSON.parse(value))
}

const summary = (projection: Projection) => ({
  deleted: isDeleted(projection),
  name: contentOf(projection)?.name ?? null,
})

describe('a tombstone', () => {
  test('keeps the last content, whatever arrives first', () => {
    expect(inAnyOrder([customer(1), customer(2), stub(3)], summary)).toEqual([
      { deleted: true, name: 'as of 2' },
    ])
  })

  test('takes in content that its own deletion event shows', () => {
    expect(inAnyOrder([customer(1), deleted(3)], summary)).toEqual([{ deleted: true, name: 'as of 3' }])
  })

  test('has no content while only the stub was seen', () => {
    const projection = projectedFrom(stub(3))
    expect(summary(projection)).toEqual({ deleted: true, name: null })
    expect(projection.seenAlive).toBe(false)
  })

  test('is not lifted by a later update', () => {
    expect(inAnyOrder([created(1), stub(2), customer(3)], summary)).toEqual([
      { deleted: true, name: 'as of 3' },
    ])
  })

  test('is lifted by a later created event only', () => {
    expect(inAnyOrder([created(1), stub(2), created(3)], summary)).toEqual([
      { deleted: false, name: 'as of 3' },
    ])
  })

  test('wins over a created event of its own second', () => {
    expect(inAnyOrder([created(2), stub(2)], ({ deletedAt }) => deletedAt)).toEqual([5])
    expect(isDeleted(projectedFrom(created(2), stub(2)))).toBe(true)
  })

  test('is set again by a deletion after the revival', () => {
    expect(inAnyOrder([created(1), stub(2), created(3), stub(4)], summary)).toEqual([
      { deleted: true, name: 'as of 3' },
    ])
  })

  test('is of this life, not of one before the revival', () => {
    const read = stub(4)
    const gone = { ...read, eventId: null, readSeq: 1, moment: read.moment - 1 }
    expect(inAnyOrder([stub(2), created(3), gone], deletionOf)).toEqual([8])
    expect(inAnyOrder([stub(2), created(3), gone, stub(5)], deletionOf)).toEqual([11])
  })

  test('dates from the first read that told of it, however many tell again', () => {
    const gone = (at: number) => ({ ...stub(at), eventId: null, readSeq: at })
    const first = gone(4).moment
    expect(inAnyOrder([created(1), gone(4), gone(6), gone(9)], deletionOf)).toEqual([first])
    expect(inAnyOrder([stub(2), created(3), gone(4), gone(6)], deletionOf)).toEqual([first])
    expect(inAnyOrder([gone(4), gone(6), stub(3)], deletionOf)).toEqual([stub(3).moment])
  })
})

describe('an observation', () => {
  const links = (told: Partial<typeof noLinks>) => ({ ...noLinks, ...told })

  test('teaches its links even when it is stale', () => {
    const newer = observed({ at: 9, links: links({ invoices: ['in_2'] }) })
    const stale = observed({ at: 1, links: links({ invoices: ['in_1'] }) })
    expect(inAnyOrder([newer, stale], (projection) => projection.links.invoices)).toEqual([['in_1', 'in_2']])
  })

  test('never takes a link away', () => {
    const linked = projectedFrom(
      observed({ at: 1, links: links({ charges: ['ch_1'] }) }),
      observed({ at: 2 }),
    )
    expect(linked.links.charges).toEqual(['ch_1'])
  })

  test('tells of a payment for good, however stale', () => {
    const told = [customer(9), customer(1, { tellsPayment: true }), customer(5)]
    expect(inAnyOrder(told, ({ paymentTold }) => paymentTold)).toEqual([true])
  })

  test('shows that its object lived unless it deletes', () => {
    expect(projectedFrom(stub(3), customer(1)).seenAlive).toBe(true)
    expect(projectedFrom(deleted(3)).seenAlive).toBe(false)
  })

  test('brings snapshots of relatives unless it is stale', () => {
    const before = projectedFrom(observed({ at: 2, expanded: { customer: { id: 'new' } } }))
    const stale = foldObservation(
      before,
      observed({ at: 1, expanded: { customer: { id: 'old' }, more: {} } }),
    )
    expect(stale.expanded).toEqual({ customer: { id: 'new' } })
    const newer = foldObservation(before, observed({ at: 3, expanded: { invoice: { id: 'in_1' } } }))
    expect(newer.expanded).toEqual({ customer: { id: 'new' }, invoice: { id: 'in_1' } })
  })

  test('sets the mode by the state that won', () => {
    const live = observed({ at: 2, livemode: true })
    const unknown = observed({ at: 1, livemode: null })
    expect(inAnyOrder([live, unknown], ({ livemode }) => livemode)).toEqual([true])
    expect(projectedFrom(unknown).livemode).toBeNull()
  })

  test('names its source as the last one', () => {
    const { lastSource } = projectedFrom(observed({ at: 2, source: 'webhook' }), observed({ at: 1 }))
    expect(lastSource).toBe('replay')
  })

  test('leaves canonical fields and the first storing alone', () => {
    const stored = {
      ...projectedFrom(observed({ at: 1 })),
      canonical: { invoice: 'in_1' },
      firstStoredAt: new Date(0),
    }
    expect(foldObservation(stored, observed({ at: 2 }))).toMatchObject({
      canonical: { invoice: 'in_1' },
      firstStoredAt: new Date(0),
    })
  })

  test('changes nothing when it comes again', () => {
    const seen = [created(1), customer(2), stub(3), customer(3, { eventId: 'evt_same_second' })]
    const once = projectedFrom(customer(2), ...seen)
    expect(seen.reduce((projection, again) => foldObservation(projection, again), once)).toEqual(once)
  })
})

describe('merging links', () => {
  const links = { invoices: ['in_1'], charges: ['ch_2'], subscriptions: [] }

  test('answers a sorted union', () => {
    expect(
      mergeLinks(links, { invoices: ['in_0', 'in_1'], charges: ['ch_1', 'ch_3'], subscriptions: ['sub_1'] }),
    ).toEqual({ invoices: ['in_0', 'in_1'], charges: ['ch_1', 'ch_2', 'ch_3'], subscriptions: ['sub_1'] })
  })

  test('answers the first itself where nothing is new', () => {
    expect(mergeLinks(links, { ...noLinks, charges: ['ch_2'] })).toBe(links)
  })
})

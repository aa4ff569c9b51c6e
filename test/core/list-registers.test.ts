import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { incompleteLists, shownList } from '../../src/core/list-registers.ts'
import type { Observation } from '../../src/core/observation.ts'
import { contentOf, type Projection } from '../../src/core/projection.ts'
import { observed, ordersOf, projectedFrom, type Told } from '../support/observed.ts'

const list = (lines: readonly string[], has_more = false): JsonObject => ({
  object: 'list',
  data: lines.map((id) => ({ id })),
  has_more,
})
const cut = (...lines: readonly string[]): JsonObject => list(lines, true)

const invoiceWith = (
  at: number,
  lines: JsonObject | null | undefined,
  told: Partial<Told> = {},
): Observation =>
  observed({
    at,
    kind: 'invoice',
    id: 'in_1',
    content: { id: 'in_1', ...(lines === undefined ? {} : { lines }) },
    ...told,
  })

const shownLines = (invoice: Projection): JsonObject | null =>
  shownList('lines', contentOf(invoice) ?? {}, invoice.lists)

const linesInAnyOrder = (...seen: readonly Observation[]): readonly unknown[] => [
  ...new Set(
    ordersOf(seen).map(([first = observed({ at: 0 }), ...others]) =>
      JSON.stringify(shownLines(projectedFrom(first, ...others))),
    ),
  ),
]

describe('a cut list', () => {
  test('is told from one that is complete', () => {
    const invoice = projectedFrom(invoiceWith(1, list(['a', 'b'])))
    expect(shownLines(invoice)).toEqual(list(['a', 'b']))
    expect(invoice.lists).toEqual({})
  })

  test('is shown cut while no complete one was seen', () => {
    const invoice = projectedFrom(invoiceWith(1, cut('a')))
    expect(shownLines(invoice)).toEqual(cut('a'))
    expect(incompleteLists('invoice', contentOf(invoice) ?? {})).toEqual(['lines'])
  })

  test('is completed by an earlier list, in any order', () => {
    const complete = list(['a', 'b', 'c'])
    expect(linesInAnyOrder(invoiceWith(1, complete), invoiceWith(2, cut('a')))).toEqual([
      JSON.stringify(complete),
    ])
  })

  test('is completed by the newest of several complete lists', () => {
    const [old, newer] = [list(['old']), list(['newer'])]
    expect(linesInAnyOrder(invoiceWith(1, old), invoiceWith(2, newer), invoiceWith(3, cut('a')))).toEqual([
      JSON.stringify(newer),
    ])
  })

  test('is its own again once a newer content shows it complete', () => {
    const own = list(['own'])
    const seen = [invoiceWith(1, list(['old'])), invoiceWith(2, cut('a')), invoiceWith(3, own)]
    expect(linesInAnyOrder(...seen)).toEqual([JSON.stringify(own)])
  })

  test('is taken by rank, then id, from several of one second', () => {
    const seen = [
      invoiceWith(1, list(['low']), { eventId: 'evt_9', rank: 1 }),
      invoiceWith(1, list(['high']), { eventId: 'evt_2', rank: 2 }),
      invoiceWith(1, list(['lower id']), { eventId: 'evt_1', rank: 2 }),
      invoiceWith(2, cut('a')),
    ]
    expect(linesInAnyOrder(...seen)).toEqual([JSON.stringify(list(['high']))])
  })

  test('is taken from the later of two reads of one second, in any order', () => {
    const read = (seq: number, lines: JsonObject): Observation => ({
      ...invoiceWith(1, lines),
      ...{ eventId: null, readSeq: seq, moment: 2 },
    })
    const seen = [read(1, list(['first'])), read(2, list(['later'])), invoiceWith(3, cut('a'))]
    expect(linesInAnyOrder(...seen)).toEqual([JSON.stringify(list(['later']))])
  })

  test('is completed by another event of the same second', () => {
    const seen = [
      invoiceWith(1, cut('a'), { eventId: 'evt_2', rank: 2 }),
      invoiceWith(1, list(['a', 'b']), { eventId: 'evt_1', rank: 1 }),
    ]
    expect(linesInAnyOrder(...seen)).toEqual([JSON.stringify(list(['a', 'b']))])
  })

  test('is not made up where the newest content has none', () => {
    expect(linesInAnyOrder(invoiceWith(1, list(['a'])), invoiceWith(2, undefined))).toEqual(['null'])
    expect(linesInAnyOrder(invoiceWith(1, list(['a'])), invoiceWith(2, null))).toEqual(['null'])
  })
})

describe('the names of incomplete lists', () => {
  test.each([
    ['charge', 'refunds'],
    ['invoice', 'lines'],
    ['subscription', 'items'],
  ] as const)('of a %s hold %s when cut', (kind, name) => {
    expect(incompleteLists(kind, { [name]: cut('a') })).toEqual([name])
    expect(incompleteLists(kind, { [name]: list(['a']) })).toEqual([])
    expect(incompleteLists(kind, {})).toEqual([])
  })

  test('hold no lists that are always complete', () => {
    expect(incompleteLists('customer', { sources: cut('a') })).toEqual([])
  })
})

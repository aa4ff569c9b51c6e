import { describe, expect, test } from 'vitest'
import { canonicalCharge } from '../../src/core/canonical.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { noLinks } from '../../src/core/observation.ts'
import type { Projection } from '../../src/core/projection.ts'
import { visibleOf } from '../../src/core/visible.ts'
import { observed, projected, projectedFrom, type Told } from '../support/observed.ts'

describe('what people see of a projection', () => {
  const visible = (...seen: readonly ReturnType<typeof observed>[]) =>
    visibleOf(projectedFrom(seen[0] ?? customer(0), ...seen.slice(1)))
  const customer = (at: number, told: Partial<Told> = {}) =>
    observed({ at, kind: 'customer', id: 'cus_1', content: { id: 'cus_1', name: `as of ${at}` }, ...told })
  const deletion = customer(2, { content: null, deletes: true, eventId: 'evt_deleted' })
  const same = { id: 'cus_1', name: 'same' }

  test('is the same when only the as-of rises', () => {
    const [first, later] = [customer(1, { content: same }), customer(2, { content: same })]
    expect(visible(first, later)).toEqual(visible(first))
  })

  test('is the same when a deletion is told once more', () => {
    const first = visible(customer(1), deletion)
    expect(visible(customer(1), deletion, customer(1, { eventId: 'evt_twin' }))).toEqual(first)
  })

  test('is the same when a complete list is only seen again', () => {
    const lines = (has_more: boolean) => ({ object: 'list', data: ['a'], has_more })
    const invoice = (at: number, has_more: boolean) =>
      observed({ at, kind: 'invoice', id: 'in_1', content: { id: 'in_1', lines: lines(has_more) } })
    expect(visible(invoice(1, false), invoice(9, true), invoice(5, false))).toEqual(
      visible(invoice(1, false), invoice(9, true)),
    )
  })

  test('is the same where a list is learnt that its content does not render', () => {
    const refunds = { object: 'list', data: [], has_more: false }
    const charge = (at: number, content: object) => observed({ at, content: { id: 'ch_1', ...content } })
    expect(visible(charge(9, {}), charge(5, { refunds }))).toEqual(visible(charge(9, {})))
  })

  test('is the same where the payload alone says otherwise under a canonical field', () => {
    const links = { ...noLinks, invoices: ['in_1'] }
    const told = (at: number, content: JsonObject) => {
      const projection = projectedFrom(observed({ at, content: { id: 'ch_1', ...content }, links }))
      return visibleOf({ ...projection, canonical: canonicalCharge(projection, null) })
    }
    expect(told(2, { metadata: null })).toEqual(told(1, { metadata: {}, invoice: 'in_1' }))
    expect(told(2, { metadata: { plan: 'gold' } })).not.toEqual(told(1, {}))
  })

  test('is another one where only its own metadata or a list that is cut differs', () => {
    const shown = { metadata: { plan: 'gold' } }
    const own = (metadata: JsonObject) => ({
      ...projected('charge', { id: 'ch_1', metadata }),
      canonical: shown,
    })
    expect(visibleOf(own(shown.metadata))).not.toEqual(visibleOf(own({})))
    const lines = { object: 'list', data: [], has_more: false }
    const invoice = (at: number, has_more: boolean) =>
      observed({ at, kind: 'invoice', id: 'in_1', content: { id: 'in_1', lines: { ...lines, has_more } } })
    expect(visible(invoice(1, false), invoice(2, true))).not.toEqual(visible(invoice(1, false)))
  })

  test.each<[string, Partial<Projection>]>([
    ['its canonical fields', { canonical: { invoice: 'in_1' } }],
    ['its mode', { livemode: false }],
    ['its deletion', { deletedAt: 99 }],
  ])('is another one with %s', (_, told) => {
    const projection = projectedFrom(customer(1))
    expect(visibleOf({ ...projection, ...told })).not.toEqual(visibleOf(projection))
  })
})

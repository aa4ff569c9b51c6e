import { describe, expect, test } from 'vitest'
import { invoice, paidInvoice, stripeEvent } from '../oracle/hand-written.ts'
import { EventDeliveries } from '../support/event-deliveries.ts'
import { loadEvent } from '../support/fixture-files.ts'
import { ordersOf } from '../support/observed.ts'

const told = (verb: string, at: number, fields: Record<string, unknown> = {}) =>
  stripeEvent({ type: `invoice.${verb}`, at, object: invoice(fields) })
const stub = stripeEvent({
  type: 'invoice.deleted',
  at: 9,
  object: { id: 'in_1', object: 'invoice', deleted: true },
})

describe('an invoice', () => {
  test.each(['acacia', 'endive'])('of an %s endpoint shows the canonical fields', async (generation) => {
    const deliveries = new EventDeliveries()
    const event = loadEvent(`invoice.paid.${generation}`)
    await deliveries.deliver(event)
    const { id, metadata, ...fields } = event.data.object
    const document = deliveries.only('billing.invoices')
    expect(document).toMatchObject({ stripe_id: id, status: 'paid', paid: true, number: fields.number })
    expect(document.subscription).toMatch(/^sub_/)
    expect(document.sync).toMatchObject({ own_metadata: metadata, api_version: event.api_version })
  })

  test('shows links and paid alike in both generations', async () => {
    const old = told('finalized', 5, { subscription: 'sub_1', charge: null, paid: false })
    const parent = { subscription_details: { subscription: 'sub_1' } }
    const current = { ...told('finalized', 5, { parent }), api_version: '2026-10-28.endive' }
    for (const event of [old, current]) {
      const deliveries = new EventDeliveries()
      await deliveries.deliver(event)
      expect(deliveries.only('billing.invoices')).toMatchObject({
        subscription: 'sub_1',
        charge: null,
        charges: [],
        paid: false,
      })
    }
  })

  test.each(['created', 'finalized', 'voided', 'overdue', 'will_be_due', 'payment_failed'])(
    'is stored by %s, its beginning seen or not',
    async (verb) => {
      const deliveries = new EventDeliveries()
      expect(await deliveries.deliver(told(verb, 5))).toEqual(['applied'])
      expect(deliveries.only('billing.invoices')).toMatchObject({ stripe_id: 'in_1' })
      expect(deliveries.documents('crm.contacts')).toEqual([])
    },
  )

  test('ends as its last event says in any order', async () => {
    const events = [
      told('created', 1, { status: 'draft' }),
      told('finalized', 5, { status: 'open' }),
      told('voided', 9, { status: 'void' }),
    ]
    for (const order of ordersOf(events)) {
      const deliveries = new EventDeliveries()
      await deliveries.deliverEach(...order)
      expect(deliveries.only('billing.invoices')).toMatchObject({ status: 'void', paid: false })
    }
  })

  test('is paid whichever of two events of one second comes last', async () => {
    const events = [
      told('created', 5, { status: 'draft' }),
      told('finalized', 5, { status: 'open' }),
      stripeEvent({ type: 'invoice.paid', at: 5, object: paidInvoice() }),
    ]
    for (const order of ordersOf(events)) {
      const deliveries = new EventDeliveries()
      await deliveries.deliverEach(...order)
      expect(deliveries.only('billing.invoices')).toMatchObject({ status: 'paid', paid: true })
    }
  })

  test('that is only announced is ignored', async () => {
    const deliveries = new EventDeliveries()
    expect(await deliveries.deliver(loadEvent('invoice.upcoming.endive'))).toEqual(['ignored'])
    expect(deliveries.documents('billing.invoices')).toEqual([])
  })
})

describe('a deleted draft', () => {
  test('keeps its last content, in any order', async () => {
    for (const order of ordersOf([told('created', 1), told('updated', 5, { description: 'last' }), stub])) {
      const deliveries = new EventDeliveries()
      await deliveries.deliverEach(...order)
      expect(deliveries.only('billing.invoices')).toMatchObject({
        description: 'last',
        deleted: true,
        deleted_at: new Date(9_000),
      })
    }
  })

  test('is told by the type where the payload does not say', async () => {
    const deliveries = new EventDeliveries()
    const event = loadEvent('invoice.deleted.endive')
    await deliveries.deliver(event)
    expect(deliveries.only('billing.invoices')).toMatchObject({
      deleted: true,
      deleted_at: new Date(event.created * 1000),
    })
    expect(deliveries.lastNotices.map(({ kind }) => kind)).toEqual(['invoice.deleted'])
  })

  test('may be told before anything else of it', async () => {
    const deliveries = new EventDeliveries()
    expect(await deliveries.deliverEach(stub, told('created', 1))).toEqual(['applied', 'applied'])
    expect(deliveries.only('billing.invoices')).toMatchObject({ deleted: true, status: 'open' })
  })
})

describe('lines that Stripe cut at ten', () => {
  const lines = (count: number, has_more: boolean) => ({
    object: 'list',
    data: Array.from({ length: count }, (_, index) => ({ id: `il_${index}` })),
    has_more,
  })

  test('are marked as incomplete while nothing completes them', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliver(loadEvent('invoice.finalized.cut-lines'))
    expect(deliveries.only('billing.invoices')).toMatchObject({ sync: { incomplete: ['lines'] } })
  })

  test('are completed even out of a stale event', async () => {
    const deliveries = new EventDeliveries()
    const outcomes = await deliveries.deliverEach(
      told('updated', 9, { lines: lines(10, true) }),
      told('finalized', 5, { lines: lines(12, false) }),
    )
    expect(outcomes).toEqual(['applied', 'applied'])
    expect(deliveries.only('billing.invoices')).toMatchObject({
      lines: lines(12, false),
      sync: { as_of: new Date(9_000), incomplete: ['lines'] },
    })
  })

  test('stay complete when a newer event shows them cut', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliverEach(
      told('finalized', 5, { lines: lines(12, false) }),
      told('updated', 9, { lines: lines(10, true), description: 'newer' }),
    )
    expect(deliveries.only('billing.invoices')).toMatchObject({
      description: 'newer',
      lines: lines(12, false),
      sync: { incomplete: ['lines'] },
    })
  })
})

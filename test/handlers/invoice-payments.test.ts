import { describe, expect, test } from 'vitest'
import { charge, invoice, stripeEvent } from '../oracle/hand-written.ts'
import { EventDeliveries } from '../support/event-deliveries.ts'
import { loadEvent } from '../support/fixture-files.ts'

const paid = (at: number, fields: Record<string, unknown> = {}) =>
  stripeEvent({
    type: 'invoice_payment.paid',
    at,
    object: {
      id: 'inpay_1',
      object: 'invoice_payment',
      invoice: 'in_1',
      payment: { type: 'payment_intent', payment_intent: 'pi_1' },
      status: 'paid',
      ...fields,
    },
    generation: 'endive',
  })

describe('a payment of an invoice', () => {
  test('is stored as Stripe sent it', async () => {
    const deliveries = new EventDeliveries()
    const event = loadEvent('invoice_payment.paid.endive')
    expect(await deliveries.deliver(event)).toEqual(['applied'])
    expect(deliveries.only('billing.invoice_payments')).toMatchObject(event.data.object)
    expect(deliveries.lastNotices.map(({ kind }) => kind)).toEqual(['invoice_payment.created'])
  })

  test('changes nothing when it comes again', async () => {
    const deliveries = new EventDeliveries()
    expect(await deliveries.deliverEach(paid(5), paid(5))).toEqual(['applied', 'unchanged'])
  })

  test('notices the charge that it links', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliver(stripeEvent({ type: 'charge.succeeded', at: 4, object: charge() }))
    await deliveries.deliver(paid(5))
    expect(deliveries.lastNotices.map(({ kind }) => kind).sort()).toEqual([
      'charge.updated',
      'invoice_payment.created',
    ])
  })

  test('links as well where an event of its invoice carries it', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliver(stripeEvent({ type: 'charge.succeeded', at: 4, object: charge() }))
    const payment = { type: 'charge', charge: 'ch_1' }
    const carried = { id: 'inpay_1', object: 'invoice_payment', invoice: 'in_1', payment }
    const payments = { object: 'list', data: [carried], has_more: false }
    await deliveries.deliver(
      stripeEvent({ type: 'invoice.updated', at: 5, object: invoice({ payments }), generation: 'endive' }),
    )
    expect(deliveries.only('billing.invoices')).toMatchObject({ charges: ['ch_1'] })
    expect(deliveries.only('billing.charges')).toMatchObject({ invoice: 'in_1' })
    expect(deliveries.only('billing.invoice_payments')).toMatchObject({ stripe_id: 'inpay_1' })
  })

  test.each<[string, Record<string, unknown>, string]>([
    ['an invoice that is an operator', { invoice: { $gt: '' } }, 'failed: object_invalid'],
    ['no invoice', { invoice: null }, 'applied'],
    ['no payment', { payment: null }, 'applied'],
    ['a payment by record', { payment: { type: 'payment_record', payment_record: 'pr_1' } }, 'applied'],
    [
      'an intent that is an operator',
      { payment: { payment_intent: { $ne: null } } },
      'failed: object_invalid',
    ],
  ])('links no charge where it has %s', async (_, fields, outcome) => {
    const deliveries = new EventDeliveries()
    await deliveries.deliver(stripeEvent({ type: 'charge.succeeded', at: 4, object: charge() }))
    expect(await deliveries.deliver(paid(5, fields))).toEqual([outcome])
    expect(deliveries.only('billing.charges')).toMatchObject({ invoice: null })
  })
})

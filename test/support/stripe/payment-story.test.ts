import { expect, test } from 'vitest'
import { renewSubscription } from './billing-story.ts'
import { eventPayload } from './event-record.ts'
import { ImpossibleInStripe } from './impossible-in-stripe.ts'
import { payInvoice } from './payment-story.ts'
import { World } from './world.ts'

const newAccount = () => new World({ startAt: 1_700_000_000 }).account('acct_1')
const typesOf = ({ events }: { readonly events: readonly { readonly type: string }[] }): string[] =>
  events.map(({ type }) => type)

test('a paid invoice leaves intent, charge, payment and links', () => {
  const account = newAccount()
  const customer = account.seed('customer')
  const invoice = account.seed('invoice', { customer, total: 700 })
  const paid = payInvoice(account, invoice)
  expect(typesOf(paid)).toEqual([
    ...['invoice.updated', 'invoice.finalized', 'payment_intent.created', 'charge.succeeded'],
    ...['payment_intent.succeeded', 'invoice_payment.paid'],
    ...['invoice.updated', 'invoice.paid', 'invoice.payment_succeeded', 'charge.updated'],
  ])
  const { chargeId, paymentIntentId, invoicePaymentId } = paid
  expect(account.get('invoice', invoice)).toMatchObject({
    status: 'paid',
    amount_paid: 700,
    amount_remaining: 0,
    status_transitions: { paid_at: 1_700_000_000 },
  })
  expect(account.get('payment_intent', paymentIntentId ?? '')).toMatchObject({
    status: 'succeeded',
    latest_charge: chargeId,
    customer,
  })
  expect(account.get('charge', chargeId ?? '')).toMatchObject({
    amount: 700,
    payment_intent: paymentIntentId,
    balance_transaction: expect.stringMatching(/^txn_/),
  })
  expect(account.get('invoice_payment', invoicePaymentId ?? '')).toMatchObject({
    status: 'paid',
    invoice,
    amount_paid: 700,
    payment: { type: 'payment_intent', payment_intent: paymentIntentId },
  })
})

test('a charge succeeds before it is settled', () => {
  const account = newAccount()
  const { events } = payInvoice(account, account.seed('invoice'))
  const settled = (type: string): unknown =>
    events.filter((event) => event.type === type).map((event) => eventPayload(event))[0]?.data
  expect(settled('charge.succeeded')).toMatchObject({ object: { balance_transaction: null } })
  expect(settled('charge.updated')).toMatchObject({ previous_attributes: { balance_transaction: null } })
})

test('a failed payment is tried again with the same intent', () => {
  const account = newAccount()
  const invoice = account.seed('invoice')
  const failed = payInvoice(account, invoice, { outcome: 'failed' })
  expect(typesOf(failed)).toEqual([
    ...['invoice.updated', 'invoice.finalized', 'payment_intent.created', 'charge.failed'],
    ...['payment_intent.payment_failed', 'invoice.updated', 'invoice.payment_failed'],
  ])
  expect(account.get('invoice', invoice)).toMatchObject({ status: 'open', attempt_count: 1 })
  const paid = payInvoice(account, invoice)
  expect(paid.paymentIntentId).toBe(failed.paymentIntentId)
  expect(paid.invoicePaymentId).toBe(failed.invoicePaymentId)
  expect(paid.chargeId).not.toBe(failed.chargeId)
  expect(account.stored('invoice', invoice).old).toMatchObject({ charge: paid.chargeId })
  expect(account.ids('invoice_payment')).toHaveLength(1)
})

test('an invoice is paid in two parts', () => {
  const account = newAccount()
  const invoice = account.seed('invoice', { total: 1000 })
  payInvoice(account, invoice, { amount: 400 })
  expect(account.get('invoice', invoice)).toMatchObject({
    status: 'open',
    amount_paid: 400,
    amount_remaining: 600,
  })
  payInvoice(account, invoice)
  expect(account.get('invoice', invoice)).toMatchObject({ status: 'paid', amount_paid: 1000 })
  expect(account.ids('invoice_payment')).toHaveLength(2)
})

test('a payment may go by a charge without an intent', () => {
  const account = newAccount()
  const { chargeId, paymentIntentId, invoicePaymentId } = payInvoice(account, account.seed('invoice'), {
    by: 'charge',
  })
  expect(paymentIntentId).toBeNull()
  expect(account.get('charge', chargeId ?? '').payment_intent).toBeNull()
  expect(account.get('invoice_payment', invoicePaymentId ?? '').payment).toEqual({
    type: 'charge',
    charge: chargeId,
  })
})

test('a payment out of band leaves no charge and no attempt', () => {
  const account = newAccount()
  const invoice = account.seed('invoice', { status: 'open' })
  const paid = payInvoice(account, invoice, { by: 'out_of_band' })
  expect(typesOf(paid)).toEqual(['invoice.updated', 'invoice.paid'])
  expect(account.ids('charge')).toEqual([])
  expect(account.stored('invoice', invoice).old).toMatchObject({ paid_out_of_band: true })
})

test('a paid invoice is not paid again', () => {
  const account = newAccount()
  const invoice = account.seed('invoice')
  payInvoice(account, invoice)
  expect(() => payInvoice(account, invoice)).toThrow(ImpossibleInStripe)
})

test('a renewed subscription has a draft with a line per item', () => {
  const account = newAccount()
  const items = [{ price: 'price_a', quantity: 2 }, { price: 'price_b' }]
  const subscription = account.seed('subscription', { customer: 'cus_1', items, metadata: { plan: 'gold' } })
  const { id, events } = renewSubscription(account, subscription)
  expect(typesOf({ events })).toEqual(['invoice.created', 'customer.subscription.updated'])
  expect(account.get('invoice', id)).toMatchObject({
    status: 'draft',
    total: 6000,
    customer: 'cus_1',
    billing_reason: 'subscription_create',
    parent: { subscription_details: { subscription, metadata: { plan: 'gold' } } },
    lines: { data: [{ amount: 4000, subscription }, { amount: 2000 }] },
  })
  expect(account.get('subscription', subscription).latest_invoice).toBe(id)
})

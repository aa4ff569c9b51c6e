// What happens to invoices and subscriptions between their creation and a payment.

import { ImpossibleInStripe } from './impossible-in-stripe.ts'
import { type Hash, hashAt, numberAt, textAt } from './json.ts'
import type { Change, StripeAccount } from './stripe-account.ts'

const MONTH = 2_592_000

/** Opens a draft invoice for payment and gives it its number. */
export const finalizeInvoice = (account: StripeAccount, invoiceId: string): Change => {
  const invoice = account.get('invoice', invoiceId)
  if (invoice.status !== 'draft')
    throw new ImpossibleInStripe(`Invoice ${invoiceId} is no draft, it is ${String(invoice.status)}`)
  const at = account.now()
  return account.update('invoice', invoiceId, {
    status: 'open',
    number: textAt(invoice, 'number') ?? `${invoiceId.slice(-8).toUpperCase()}-0001`,
    effective_at: at,
    status_transitions: { ...hashAt(invoice, 'status_transitions'), finalized_at: at },
  })
}

/**
 * Begins the next period of a subscription: a draft invoice with a line per item, then the subscription with that as its
 * latest invoice. The change's id is the invoice's.
 */
export const renewSubscription = (
  account: StripeAccount,
  subscriptionId: string,
  invoiceFields: Hash = {},
): Change => {
  const subscription = account.stored('subscription', subscriptionId)
  const { customer = null, currency = 'usd', latest_invoice } = subscription.content
  const lines = subscription.parts.map(({ id, content }) => ({
    amount: numberAt(content, 'price.unit_amount') * numberAt(content, 'quantity'),
    price: content.price ?? null,
    subscription: subscriptionId,
    subscription_item: id,
  }))
  const invoice = account.create('invoice', {
    billing_reason: latest_invoice === null ? 'subscription_create' : 'subscription_cycle',
    currency,
    customer,
    lines,
    subscription: subscriptionId,
    total: lines.reduce((total, { amount }) => total + amount, 0),
    ...invoiceFields,
  })
  const start = account.now()
  const period = { current_period_start: start, current_period_end: start + MONTH }
  const renewed = account.update('subscription', subscriptionId, { latest_invoice: invoice.id, ...period })
  return { id: invoice.id, events: [...invoice.events, ...renewed.events] }
}

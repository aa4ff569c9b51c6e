// What happens when an invoice is paid: a payment intent, a charge, the invoice's payment and the invoice itself change
// one after the other, each with its events, and both generations of links between them are kept.

import { finalizeInvoice } from './billing-story.ts'
import type { EventRecord } from './event-record.ts'
import { ImpossibleInStripe } from './impossible-in-stripe.ts'
import { type Hash, hashAt, numberAt, textAt } from './json.ts'
import type { Change, StripeAccount } from './stripe-account.ts'

export interface PaymentOptions {
  /** Minor units; default all that remains. Less leaves the invoice open for another payment. */
  readonly amount?: number
  /** Default `succeeded`. */
  readonly outcome?: 'succeeded' | 'failed'
  /** `charge` makes the payment without a payment intent, `out_of_band` without anything; default `payment_intent`. */
  readonly by?: 'payment_intent' | 'charge' | 'out_of_band'
}

/** What a payment made or used. */
export interface Payment {
  readonly chargeId: string | null
  readonly paymentIntentId: string | null
  readonly invoicePaymentId: string | null
  /** All events, in the order in which they were emitted. */
  readonly events: readonly EventRecord[]
}

/** Pays an invoice, or tries to; a draft is finalized first. A later try uses the payment intent of a failed one. */
export const payInvoice = (
  account: StripeAccount,
  invoiceId: string,
  options: PaymentOptions = {},
): Payment => {
  const finalized =
    account.get('invoice', invoiceId).status === 'draft' ? finalizeInvoice(account, invoiceId).events : []
  const invoice = account.get('invoice', invoiceId)
  if (invoice.status !== 'open' && invoice.status !== 'uncollectible') {
    throw new ImpossibleInStripe(`Invoice ${invoiceId} is ${String(invoice.status)}: it can't be paid`)
  }
  const {
    amount = numberAt(invoice, 'amount_remaining'),
    outcome = 'succeeded',
    by = 'payment_intent',
  } = options
  if (by === 'out_of_band') return withEvents(finalized, paidOutOfBand(account, invoice))
  const attempt = { invoice, invoiceId, amount, isPaid: outcome === 'succeeded' }
  const payment = by === 'charge' ? payByCharge(account, attempt) : payByIntent(account, attempt)
  return withEvents(finalized, payment)
}

/** Fills in a charge's balance transaction, as Stripe does a while after an asynchronous capture. */
export const settleCharge = (account: StripeAccount, chargeId: string): Change => {
  const { amount = 0, currency = 'usd' } = account.get('charge', chargeId)
  const balance_transaction = account.seed('balance_transaction', { amount, currency, source: chargeId })
  return account.update('charge', chargeId, { balance_transaction })
}

interface Attempt {
  readonly invoice: Hash
  readonly invoiceId: string
  readonly amount: number
  readonly isPaid: boolean
}

const withEvents = (before: readonly EventRecord[], payment: Payment): Payment => ({
  ...payment,
  events: [...before, ...payment.events],
})

const paidOutOfBand = (account: StripeAccount, invoice: Hash): Payment => {
  const amount = numberAt(invoice, 'amount_remaining')
  const { events } = account.update('invoice', textAt(invoice, 'id') ?? '', {
    ...amountsAfter(account, invoice, amount),
    amount_paid_off_stripe: amount,
    paid_out_of_band: true,
  })
  return { chargeId: null, paymentIntentId: null, invoicePaymentId: null, events }
}

const payByIntent = (account: StripeAccount, attempt: Attempt): Payment => {
  const { invoiceId, isPaid, amount } = attempt
  const intent = openIntentOf(account, attempt)
  const charge = chargeFor(account, attempt, intent.id)
  const outcome = account.update('payment_intent', intent.id, {
    latest_charge: charge.id,
    ...(isPaid
      ? { status: 'succeeded', amount_received: amount, last_payment_error: null }
      : { last_payment_error: { code: 'card_declined', charge: charge.id, type: 'card_error' } }),
  })
  const invoicePayment = invoicePaymentOf(account, attempt, {
    type: 'payment_intent',
    payment_intent: intent.id,
  })
  const links = { charge: charge.id, payment_intent: intent.id }
  const invoice = account.update('invoice', invoiceId, { ...afterAttempt(account, attempt), ...links })
  const changes = [intent, charge, outcome, invoicePayment, invoice, ...settled(account, attempt, charge.id)]
  return {
    chargeId: charge.id,
    paymentIntentId: intent.id,
    invoicePaymentId: invoicePayment.id,
    events: changes.flatMap(({ events }) => events),
  }
}

const payByCharge = (account: StripeAccount, attempt: Attempt): Payment => {
  const charge = chargeFor(account, attempt, null)
  const invoicePayment = invoicePaymentOf(account, attempt, { type: 'charge', charge: charge.id })
  const fields = { ...afterAttempt(account, attempt), charge: charge.id }
  const invoice = account.update('invoice', attempt.invoiceId, fields)
  const changes = [charge, invoicePayment, invoice, ...settled(account, attempt, charge.id)]
  return {
    chargeId: charge.id,
    paymentIntentId: null,
    invoicePaymentId: invoicePayment.id,
    events: changes.flatMap(({ events }) => events),
  }
}

const settled = (account: StripeAccount, { isPaid }: Attempt, chargeId: string): readonly Change[] =>
  isPaid ? [settleCharge(account, chargeId)] : []

/** The invoice's payment that is still open, from a try that failed. */
const openPaymentOf = (account: StripeAccount, invoiceId: string): Hash | undefined =>
  (account.state.table('invoice_payment').linked('invoice', invoiceId) ?? [])
    .map(({ content }) => content)
    .find(({ status }) => status === 'open')

const openIntentOf = (account: StripeAccount, { invoice, invoiceId, amount }: Attempt): Change => {
  const open = textAt(openPaymentOf(account, invoiceId) ?? {}, 'payment.payment_intent')
  if (open !== null) return { id: open, events: [] }
  const { customer = null, currency = 'usd' } = invoice
  return account.create('payment_intent', { amount, currency, customer, invoice: invoiceId })
}

const DECLINED: Hash = {
  failure_code: 'card_declined',
  failure_message: 'Your card was declined.',
  outcome: {
    network_status: 'declined_by_network',
    reason: 'generic_decline',
    risk_level: 'normal',
    seller_message: 'The bank did not return any further details with this decline.',
    type: 'issuer_declined',
  },
}

const chargeFor = (account: StripeAccount, attempt: Attempt, paymentIntent: string | null): Change => {
  const { invoice, invoiceId, amount, isPaid } = attempt
  const { customer = null, currency = 'usd' } = invoice
  return account.create('charge', {
    amount,
    currency,
    customer,
    invoice: invoiceId,
    payment_intent: paymentIntent,
    status: isPaid ? 'succeeded' : 'failed',
    ...(isPaid ? {} : DECLINED),
  })
}

const invoicePaymentOf = (account: StripeAccount, attempt: Attempt, payment: Hash): Change => {
  const { invoice, invoiceId, amount, isPaid } = attempt
  const paid = {
    amount_paid: amount,
    status: 'paid',
    status_transitions: { canceled_at: null, paid_at: account.now() },
  }
  const open = textAt(openPaymentOf(account, invoiceId) ?? {}, 'id')
  if (open !== null) return account.update('invoice_payment', open, { payment, ...(isPaid ? paid : {}) })
  return account.create('invoice_payment', {
    amount_requested: amount,
    currency: invoice.currency ?? 'usd',
    invoice: invoiceId,
    payment,
    ...(isPaid ? paid : {}),
  })
}

const afterAttempt = (account: StripeAccount, { invoice, amount, isPaid }: Attempt): Hash => ({
  attempt_count: numberAt(invoice, 'attempt_count') + 1,
  attempted: true,
  ...(isPaid ? amountsAfter(account, invoice, amount) : { next_payment_attempt: account.now() + 259_200 }),
})

const amountsAfter = (account: StripeAccount, invoice: Hash, amount: number): Hash => {
  const amounts = {
    amount_paid: numberAt(invoice, 'amount_paid') + amount,
    amount_remaining: Math.max(0, numberAt(invoice, 'amount_remaining') - amount),
  }
  if (amounts.amount_remaining > 0) return amounts
  const status_transitions = { ...hashAt(invoice, 'status_transitions'), paid_at: account.now() }
  return { ...amounts, status: 'paid', next_payment_attempt: null, status_transitions }
}

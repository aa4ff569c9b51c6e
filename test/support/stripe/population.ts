// Fills an account with many linked objects at no cost in events: what a backfill finds that starts on a grown account.
import type { StripeAccount } from './stripe-account.ts'

/** How many of each to make; everything is linked to everything by turns. */
export interface PopulationPlan {
  readonly customers?: number
  readonly products?: number
  readonly subscriptions?: number
  /** Each is paid, with a payment intent, a charge and a payment of its own. */
  readonly paidInvoices?: number
  /** Charges without an invoice. */
  readonly charges?: number
  readonly refunds?: number
  readonly disputes?: number
  /** Seconds between one object and the next of its kind, the newest at the world's time; default 1, 0 for all at once. */
  readonly secondsApart?: number
}

/** Seeds the account; nothing is emitted. */
export const populate = (account: StripeAccount, plan: PopulationPlan): void => {
  const {
    customers = 0,
    products = 0,
    subscriptions = 0,
    paidInvoices = 0,
    charges = 0,
    refunds = 0,
    disputes = 0,
  } = plan
  const moments = momentsOf(account, plan.secondsApart ?? 1)
  const customerIds = moments(customers).map((created, index) =>
    account.seed('customer', {
      ...{ created, email: `person${index}@shop.example`, name: `Person ${index}` },
      metadata: planOf(index),
    }),
  )
  for (const created of moments(products)) account.seed('product', { created })
  const subscriptionIds = moments(subscriptions).map((created, index) =>
    account.seed('subscription', {
      created,
      customer: turn(customerIds, index),
      metadata: planOf(index),
    }),
  )
  const invoiceCharges = moments(paidInvoices).map((created, index) =>
    seedPaidInvoice(account, created, {
      customer: turn(customerIds, index),
      subscription: turn(subscriptionIds, index),
    }),
  )
  const plainCharges = moments(charges).map((created, index) =>
    account.seed('charge', { created, customer: turn(customerIds, index), metadata: { order: `o${index}` } }),
  )
  const charged = [...invoiceCharges, ...plainCharges]
  moments(refunds).forEach((created, index) => {
    account.seed('refund', { created, amount: 100, charge: turn(charged, index) })
  })
  moments(disputes).forEach((created, index) => {
    account.seed('dispute', { created, charge: turn(charged, index) })
  })
}

const planOf = (index: number): { readonly plan: string } => ({ plan: `p${index % 7}` })

const momentsOf =
  (account: StripeAccount, secondsApart: number) =>
  (count: number): readonly number[] =>
    Array.from({ length: count }, (_, index) => account.now() - (count - 1 - index) * secondsApart)

const turn = (ids: readonly string[], index: number): string | null => ids[index % ids.length] ?? null

interface InvoiceLinks {
  readonly customer: string | null
  readonly subscription: string | null
}

const seedPaidInvoice = (
  account: StripeAccount,
  created: number,
  { customer, subscription }: InvoiceLinks,
): string => {
  const amount = 2000
  const paidAt = { finalized_at: created, marked_uncollectible_at: null, paid_at: created, voided_at: null }
  const number = account.state.table('invoice').listed.length
  const [charge, payment_intent] = [`ch_of_invoice${number}`, `pi_of_invoice${number}`]
  const invoice = account.seed('invoice', {
    ...{
      created,
      customer,
      subscription,
      charge,
      payment_intent,
      status: 'paid',
      status_transitions: paidAt,
    },
    ...{ amount_paid: amount, amount_remaining: 0, attempt_count: 1, attempted: true },
  })
  const shared = { created, amount, customer, invoice }
  account.seed('payment_intent', {
    ...shared,
    id: payment_intent,
    latest_charge: charge,
    status: 'succeeded',
  })
  account.seed('charge', { ...shared, id: charge, payment_intent })
  account.seed('invoice_payment', {
    ...{
      created,
      invoice,
      amount_paid: amount,
      status: 'paid',
      payment: { payment_intent, type: 'payment_intent' },
    },
    status_transitions: { canceled_at: null, paid_at: created },
  })
  return charge
}

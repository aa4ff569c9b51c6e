// Which events Stripe emits for a change of an object: the one table.
import { type Hash, numberAt } from './json.ts'
import type { ObjectType } from './object-types.ts'

interface ChangeRow {
  readonly created: (after: Hash) => readonly string[]
  readonly updated: (before: Hash, after: Hash) => readonly string[]
  readonly deleted?: string
}

/** Returns the types of the events of a creation, in the order in which they are emitted. */
export const typesOfCreation = (type: ObjectType, after: Hash): readonly string[] =>
  CHANGES[type]?.created(after) ?? []

/** Returns the types of the events of an update, in the order in which they are emitted. */
export const typesOfUpdate = (type: ObjectType, before: Hash, after: Hash): readonly string[] =>
  CHANGES[type]?.updated(before, after) ?? []

/** Returns the type of the event of a deletion, undefined for what can't be deleted. */
export const typeOfDeletion = (type: ObjectType): string | undefined => CHANGES[type]?.deleted

const becomes = (before: Hash, after: Hash, status: string): boolean =>
  before.status !== status && after.status === status

const grows = (before: Hash, after: Hash, field: string): boolean =>
  numberAt(after, field) > numberAt(before, field)

const always =
  (...types: readonly string[]) =>
  (): readonly string[] =>
    types

const chargeUpdates = (before: Hash, after: Hash): readonly string[] => {
  if (becomes(before, after, 'succeeded')) return ['charge.succeeded']
  if (becomes(before, after, 'failed')) return ['charge.failed']
  if (before.captured === false && after.captured === true) return ['charge.captured']
  return grows(before, after, 'amount_refunded') ? ['charge.refunded'] : ['charge.updated']
}

const CLOSED_DISPUTES: readonly unknown[] = ['won', 'lost', 'warning_closed']

const disputeUpdates = (before: Hash, after: Hash): readonly string[] =>
  before.status !== after.status && CLOSED_DISPUTES.includes(after.status)
    ? ['charge.dispute.closed']
    : ['charge.dispute.updated']

const invoiceUpdates = (before: Hash, after: Hash): readonly string[] => {
  if (before.status === 'draft' && becomes(before, after, 'open'))
    return ['invoice.updated', 'invoice.finalized']
  if (becomes(before, after, 'void')) return ['invoice.updated', 'invoice.voided']
  if (becomes(before, after, 'uncollectible')) return ['invoice.updated', 'invoice.marked_uncollectible']
  if (becomes(before, after, 'paid')) {
    // Invoices settled out of band, or over nothing, are paid without an attempt.
    const isPayment = grows(before, after, 'attempt_count')
    return ['invoice.updated', 'invoice.paid', ...(isPayment ? ['invoice.payment_succeeded'] : [])]
  }
  return grows(before, after, 'attempt_count')
    ? ['invoice.updated', 'invoice.payment_failed']
    : ['invoice.updated']
}

const subscriptionUpdates = (before: Hash, after: Hash): readonly string[] => {
  if (becomes(before, after, 'canceled')) return ['customer.subscription.deleted']
  if (becomes(before, after, 'paused'))
    return ['customer.subscription.updated', 'customer.subscription.paused']
  return before.status === 'paused' && after.status !== 'paused'
    ? ['customer.subscription.updated', 'customer.subscription.resumed']
    : ['customer.subscription.updated']
}

const paymentIntentUpdates = (before: Hash, after: Hash): readonly string[] => {
  if (becomes(before, after, 'succeeded')) return ['payment_intent.succeeded']
  if (becomes(before, after, 'canceled')) return ['payment_intent.canceled']
  return before.last_payment_error !== after.last_payment_error && after.last_payment_error !== null
    ? ['payment_intent.payment_failed']
    : []
}

const CHANGES: Readonly<Partial<Record<ObjectType, ChangeRow>>> = {
  account: { created: always(), updated: always('account.updated') },
  charge: { created: (after) => [`charge.${String(after.status)}`], updated: chargeUpdates },
  customer: {
    created: always('customer.created'),
    updated: always('customer.updated'),
    deleted: 'customer.deleted',
  },
  dispute: { created: always('charge.dispute.created'), updated: disputeUpdates },
  invoice: { created: always('invoice.created'), updated: invoiceUpdates, deleted: 'invoice.deleted' },
  invoice_payment: {
    created: (after) => (after.status === 'paid' ? ['invoice_payment.paid'] : []),
    updated: (before, after) => (becomes(before, after, 'paid') ? ['invoice_payment.paid'] : []),
  },
  payment_intent: { created: always('payment_intent.created'), updated: paymentIntentUpdates },
  price: { created: always('price.created'), updated: always('price.updated'), deleted: 'price.deleted' },
  product: {
    created: always('product.created'),
    updated: always('product.updated'),
    deleted: 'product.deleted',
  },
  refund: {
    created: always('refund.created'),
    updated: (before, after) =>
      becomes(before, after, 'failed') ? ['refund.updated', 'refund.failed'] : ['refund.updated'],
  },
  subscription: { created: always('customer.subscription.created'), updated: subscriptionUpdates },
}

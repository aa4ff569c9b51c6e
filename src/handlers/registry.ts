// The table of events: type, object, handler and what the type itself says. It is the only such list. An event of
// `invoice.*` that is not in it is an update of the invoice that it carries; any other type is kept in the inbox as `ignored`.

import type { ConnectionState } from '../core/connection.ts'
import { type JsonObject, ownString } from '../core/json.ts'
import { type EventMeaning, isIdentified } from '../core/normalise.ts'
import type { ObjectKind } from '../core/object-kinds.ts'
import { newCharge, updateCharge } from './charges.ts'
import { deleteCustomer, newCustomer, updateCustomer } from './customers.ts'
import { closeDispute, newDispute, updateDispute } from './disputes.ts'
import type { Handler } from './handler.ts'
import { linkInvoicePayment } from './invoice-payments.ts'
import { deleteInvoice, listedInvoice, newInvoice, paidInvoice, updateInvoice } from './invoices.ts'
import { createProduct, deleteProduct, updateProduct } from './products.ts'
import { createRefund, updateRefund } from './refunds.ts'
import { createSubscription, deleteSubscription, updateSubscription } from './subscriptions.ts'

/** A row about a Stripe object that is projected. */
export interface ObjectRow extends EventMeaning {
  readonly kind: ObjectKind
  readonly handle: Handler
}

/** A row about the account itself; the event carries the platform's application, which is not stored. */
export interface ConnectionRow {
  readonly kind: 'application'
  readonly state: ConnectionState
}

/** One row of the table. */
export type EventRow = ObjectRow | ConnectionRow

const row = (kind: ObjectKind, handle: Handler, meaning: Partial<EventMeaning> = {}): ObjectRow => ({
  kind,
  handle,
  creates: false,
  deletes: false,
  ends: false,
  tellsPayment: false,
  ...meaning,
})

const creates = { creates: true }
const deletes = { deletes: true }
const ends = { ends: true }
const tellsPayment = { tellsPayment: true }

/** The table of events: https://docs.stripe.com/api/events/types */
export const eventRows: ReadonlyMap<string, EventRow> = new Map<string, EventRow>([
  // There is no `charge.created`: a charge begins as pending, succeeded or failed.
  ['charge.succeeded', row('charge', newCharge)],
  ['charge.pending', row('charge', newCharge)],
  ['charge.failed', row('charge', newCharge)],
  ['charge.updated', row('charge', updateCharge)],
  ['charge.captured', row('charge', updateCharge)],
  // Also for a part of the amount; carries the running total.
  ['charge.refunded', row('charge', updateCharge)],
  ['charge.expired', row('charge', updateCharge)],

  ['invoice.created', row('invoice', newInvoice, creates)],
  // Both come for an ordinary payment; `paid` alone when paid out of band or nothing was due.
  ['invoice.paid', row('invoice', paidInvoice, tellsPayment)],
  ['invoice.payment_succeeded', row('invoice', paidInvoice, tellsPayment)],
  // Only drafts are ever deleted.
  ['invoice.deleted', row('invoice', deleteInvoice, deletes)],
  // `invoice.upcoming` is missing: it announces an invoice that has no id yet.
  ...[
    'invoice.updated',
    'invoice.finalized',
    'invoice.finalization_failed',
    'invoice.sent',
    'invoice.payment_failed',
    'invoice.payment_action_required',
    'invoice.payment_attempt_required',
    'invoice.marked_uncollectible',
    'invoice.voided',
    'invoice.overdue',
    'invoice.will_be_due',
    'invoice.overpaid',
  ].map((type): [string, EventRow] => [type, row('invoice', updateInvoice)]),

  ['charge.dispute.created', row('dispute', newDispute, creates)],
  ['charge.dispute.updated', row('dispute', updateDispute)],
  ['charge.dispute.funds_withdrawn', row('dispute', updateDispute)],
  ['charge.dispute.funds_reinstated', row('dispute', updateDispute)],
  ['charge.dispute.closed', row('dispute', closeDispute)],

  ['refund.created', row('refund', createRefund, creates)],
  ['refund.updated', row('refund', updateRefund)],
  ['refund.failed', row('refund', updateRefund)],
  // The older name of `refund.updated`; both come for some payment methods.
  ['charge.refund.updated', row('refund', updateRefund)],

  ['customer.created', row('customer', newCustomer, creates)],
  ['customer.updated', row('customer', updateCustomer)],
  ['customer.deleted', row('customer', deleteCustomer, deletes)],

  ['customer.subscription.created', row('subscription', createSubscription, creates)],
  ...[
    'updated',
    'paused',
    'resumed',
    'pending_update_applied',
    'pending_update_expired',
    'trial_will_end',
  ].map((verb): [string, EventRow] => [
    `customer.subscription.${verb}`,
    row('subscription', updateSubscription),
  ]),
  // The subscription ended: Stripe keeps it, so this is no tombstone.
  ['customer.subscription.deleted', row('subscription', deleteSubscription, ends)],

  ['product.created', row('product', createProduct, creates)],
  ['product.updated', row('product', updateProduct)],
  ['product.deleted', row('product', deleteProduct, deletes)],

  // The only snapshot event of its family, since 2025-05-28.basil.
  ['invoice_payment.paid', row('invoice_payment', linkInvoicePayment)],

  ['account.application.authorized', { kind: 'application', state: 'connected' }],
  ['account.application.deauthorized', { kind: 'application', state: 'disconnected' }],
])

const otherInvoiceRow = row('invoice', updateInvoice)

/** How the types begin of which some may be handled that are not in the table. */
export const openFamily = 'invoice.'

/**
 * Returns the row of an event. Types of `invoice.*` that are not in the table, those that Stripe may yet add, are updates of
 * the invoice that they carry; `invoice.upcoming` tells of one that is none yet.
 */
export const rowOf = (type: string, object: JsonObject | null): EventRow | undefined =>
  eventRows.get(type) ?? (isOtherInvoiceEvent(type, object) ? otherInvoiceRow : undefined)

const isOtherInvoiceEvent = (type: string, object: JsonObject | null): boolean =>
  type.startsWith(openFamily) &&
  type !== 'invoice.upcoming' &&
  isIdentified(object ?? undefined) &&
  ownString(object, 'object') === 'invoice'

/** The handler of an object that was read from Stripe rather than told by an event. */
export const readHandlers: Readonly<Record<ObjectKind, Handler>> = {
  charge: updateCharge,
  invoice: updateInvoice,
  customer: updateCustomer,
  subscription: updateSubscription,
  refund: updateRefund,
  dispute: updateDispute,
  product: updateProduct,
  invoice_payment: linkInvoicePayment,
}

/** The handler of an object that a backfill reads: no event tells of it, so what the event would bring is made up for. */
export const listHandlers: Readonly<Record<ObjectKind, Handler>> = { ...readHandlers, invoice: listedInvoice }

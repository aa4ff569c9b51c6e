// Invoices: https://docs.stripe.com/api/invoices/object

import { own, ownObject, ownString } from '../core/json.ts'
import { isIdentified, observeCarried } from '../core/normalise.ts'
import type { Observation } from '../core/observation.ts'
import type { UnitOfWork } from '../unit-of-work/unit-of-work.ts'
import type { Handler } from './handler.ts'
import { linkInvoicePayment } from './invoice-payments.ts'
import { changesRelatives, project } from './project.ts'
import { reconcileInvoice } from './relatives.ts'
import { postPaidInvoice } from './support.ts'

/** Stores an invoice that came into being, and the payments that its event carries; its metadata reaches its charges. */
export const newInvoice: Handler = async (work, seen) => {
  const projected = await project(work, seen)
  await storeCarriedPayments(work, seen)
  if (changesRelatives(projected, seen)) await reconcileInvoice(work, seen.id)
  // A paid event may have been seen before the payload that shows the invoice paid.
  await postPaidInvoice(work, seen.id)
}

/** Updates an invoice, or stores one whose beginning was never seen. */
export const updateInvoice: Handler = newInvoice

/** Notes that payment was told; a stored invoice that is paid gets its contact, conversation, room and message. */
export const paidInvoice: Handler = newInvoice

/** Marks a deleted draft invoice; its last content stays. */
export const deleteInvoice: Handler = newInvoice

/** Stores an invoice that a backfill shows. Where messages are owed, one that is paid counts as told. */
export const listedInvoice: Handler = (work, seen) => {
  const isTold = work.effects === 'missing' && ownString(seen.content, 'status') === 'paid'
  return newInvoice(work, isTold ? { ...seen, tellsPayment: true } : seen)
}

// Those of a read are observed where it is made: they count as of the read, too.
const storeCarriedPayments = async (work: UnitOfWork, seen: Observation): Promise<void> => {
  const payments = seen.eventId === null ? null : own(ownObject(seen.expanded, 'payments'), 'data')
  if (!Array.isArray(payments)) return
  for (const payment of payments.filter(isIdentified))
    await linkInvoicePayment(work, observeCarried(seen, 'invoice_payment', payment))
}

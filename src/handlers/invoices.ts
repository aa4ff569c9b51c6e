// Invoices: https://docs.stripe.com/api/invoices/object

import { isPaid } from '../core/canonical.ts'
import { ownString } from '../core/json.ts'
import { contentOf } from '../core/projection.ts'
import { deriveContact } from './contacts.ts'
import type { Handler } from './handler.ts'
import { isSettled, project } from './project.ts'
import { settleInvoice } from './relatives.ts'
import { settlePayment } from './support.ts'

/** Stores an invoice that came into being; its metadata reaches its charges. */
export const newInvoice: Handler = async (work, seen) => {
  const projected = await project(work, seen)
  if (!isSettled(projected, seen)) await settleInvoice(work, seen.id)
  // A paid event may have been seen before the payload that shows the invoice paid.
  await settlePayment(work, seen.id)
}

/** Updates an invoice, or stores one whose beginning was never seen. */
export const updateInvoice: Handler = newInvoice

/** Notes that payment was told; a stored invoice that is paid gets its contact, conversation, room and message. */
export const paidInvoice: Handler = newInvoice

/** Marks a deleted draft invoice; its last content stays. */
export const deleteInvoice: Handler = newInvoice

/** Stores an invoice that a list shows; one that is paid has its contact, as if its event had been seen. */
export const listedInvoice: Handler = async (work, seen) => {
  await newInvoice(work, seen)
  const invoice = await work.projections.invoice.get(seen.id)
  const customer = ownString(invoice === null ? null : contentOf(invoice), 'customer')
  if (invoice !== null && isPaid(invoice) && customer !== null)
    await deriveContact(work, customer, { paid: true })
}

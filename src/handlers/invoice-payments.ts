// Payments of invoices, which link charges and invoices since basil: https://docs.stripe.com/api/invoice-payment/object

import type { Handler } from './handler.ts'
import { changesRelatives, project } from './project.ts'
import { reconcileInvoicePayment } from './relatives.ts'

/** Stores the payment and links its invoice with every charge made for it. */
export const linkInvoicePayment: Handler = async (work, seen) => {
  const projected = await project(work, seen)
  if (changesRelatives(projected, seen)) await reconcileInvoicePayment(work, seen.id)
}

// How a change of one object reaches its relatives: links are learnt on both ends, metadata flows from the
// subscription to its invoices and from an invoice to its charges, an invoice's decisive charge follows its
// charges. Invariant: once an object is put and reconciled here, all its stored relatives agree with it; whichever
// of two relatives arrives last does the reconciling, so the order of arrival does not matter.

import { canonicalCharge, canonicalInvoice, canonicalSubscription, ownMetadata } from '../core/canonical.ts'
import { isEqual, ownString } from '../core/json.ts'
import type { Links } from '../core/observation.ts'
import { contentOf, mergeLinks, type Projection } from '../core/projection.ts'
import { linkOfPayment, paymentIntentOf } from '../unit-of-work/projection-finders.ts'
import type { UnitOfWork } from '../unit-of-work/unit-of-work.ts'
import { type Projected, putCanonical } from './project.ts'

/** Reconciles a charge with its invoices. */
export const reconcileCharge = async (work: UnitOfWork, id: string): Promise<void> => {
  const charge = learn(work, await work.projections.charge.get(id), {
    invoices: await invoicesOfCharge(work, id),
  })
  if (charge === null) return
  for (const invoice of await work.projections.invoice.getAll(charge.links.invoices)) {
    learn(work, invoice, { charges: [id] })
    await refreshInvoice(work, invoice.id)
  }
  await refreshCharge(work, id)
}

/** Reconciles an invoice with its subscription and its charges. */
export const reconcileInvoice = async (work: UnitOfWork, id: string): Promise<void> => {
  const invoice = learn(work, await work.projections.invoice.get(id), {
    charges: await chargesOfInvoice(work, id),
  })
  if (invoice === null) return
  await refreshInvoice(work, id)
  for (const charge of await work.projections.charge.getAll(invoice.links.charges)) {
    learn(work, charge, { invoices: [id] })
    await refreshCharge(work, charge.id)
  }
}

/** Reconciles a subscription's own periods, and new metadata with all its invoices and their charges. */
export const reconcileSubscription = async (
  work: UnitOfWork,
  { before, after }: Projected,
): Promise<void> => {
  putCanonical(work, after, canonicalSubscription(after))
  const known = before !== null && before.content !== null
  if (known && isEqual(ownMetadata(before), ownMetadata(after))) return
  const invoices = await work.projections.invoice.findBy('subscription', after.id)
  if (work.projections.invoice.isCut('subscription', after.id)) work.defer(after.id)
  else
    await reconcileInheritance(
      work,
      invoices.map(({ id }) => id),
    )
}

/** Reconciles what invoices, and through them their charges, inherit. */
export const reconcileInheritance = async (work: UnitOfWork, invoices: readonly string[]): Promise<void> => {
  for (const id of invoices) await refreshInvoice(work, id)
}

/** Reconciles the invoice and every charge that an invoice payment ties together. */
export const reconcileInvoicePayment = async (work: UnitOfWork, id: string): Promise<void> => {
  const payment = await work.projections.invoice_payment.get(id)
  if (payment === null) return
  for (const charge of await chargesOfPayment(work, payment)) await reconcileCharge(work, charge)
  const invoice = ownString(contentOf(payment), 'invoice')
  if (invoice !== null) await reconcileInvoice(work, invoice)
}

const invoicesOfCharge = async (work: UnitOfWork, id: string): Promise<readonly string[]> => {
  const charge = await work.projections.charge.get(id)
  const intent = charge === null ? null : paymentIntentOf(charge)
  const payments = [
    ...(intent === null ? [] : await work.projections.invoice_payment.findBy('payment_intent', intent)),
    ...(await work.projections.invoice_payment.findBy('charge', id)),
  ]
  const naming = await work.projections.invoice.findBy('charge', id)
  const paid = payments
    .map((payment) => ownString(contentOf(payment), 'invoice'))
    .filter((invoice) => invoice !== null)
  return [...paid, ...naming.map((invoice) => invoice.id)]
}

const chargesOfInvoice = async (work: UnitOfWork, id: string): Promise<readonly string[]> => {
  const naming = await work.projections.charge.findBy('invoice', id)
  const charges = naming.map((charge) => charge.id)
  for (const payment of await work.projections.invoice_payment.findBy('invoice', id)) {
    charges.push(...(await chargesOfPayment(work, payment)))
  }
  return charges
}

const chargesOfPayment = async (work: UnitOfWork, payment: Projection): Promise<readonly string[]> => {
  const intent = linkOfPayment(payment, 'payment_intent')
  const direct = linkOfPayment(payment, 'charge')
  const charges = intent === null ? [] : await work.projections.charge.findBy('payment_intent', intent)
  return [...charges.map((charge) => charge.id), ...(direct === null ? [] : [direct])]
}

const learn = (work: UnitOfWork, projection: Projection | null, found: Partial<Links>): Projection | null => {
  if (projection === null) return null
  const links = mergeLinks(projection.links, found)
  if (links === projection.links) return projection
  const linked = { ...projection, links }
  work.projections[projection.kind].put(linked)
  return linked
}

const refreshInvoice = async (work: UnitOfWork, id: string): Promise<void> => {
  const invoice = await work.projections.invoice.get(id)
  if (invoice === null) return
  const [subscriptionId] = invoice.links.subscriptions
  const lent = subscriptionId === undefined ? null : await work.lentMetadata.get(subscriptionId)
  const charges = await work.projections.charge.getAll(invoice.links.charges)
  if (!putCanonical(work, invoice, canonicalInvoice(invoice, { lent, charges }))) return
  for (const charge of charges) await refreshCharge(work, charge.id)
}

const refreshCharge = async (work: UnitOfWork, id: string): Promise<void> => {
  const charge = await work.projections.charge.get(id)
  if (charge === null) return
  const [invoiceId] = charge.links.invoices
  const invoice = invoiceId === undefined ? null : await work.projections.invoice.get(invoiceId)
  putCanonical(work, charge, canonicalCharge(charge, invoice))
}

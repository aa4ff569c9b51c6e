// How relatives are found among projections: by canonical links, never by keys that came with an event.

import { type JsonObject, ownObject, ownString } from '../core/json.ts'
import type { ObjectKind } from '../core/object-kinds.ts'
import { contentOf, type Projection } from '../core/projection.ts'
import type { Finder } from './overlay.ts'

/** A finder and the stored field that serves it. */
export type ProjectionFinder = Finder<Projection> & { readonly field: string }

/** Most invoices that a batch gives new metadata of their subscriptions; what is more is done step by step. */
const mostHeirs = 200

/** The finders of each kind that has relatives. */
export const projectionFinders: Partial<Record<ObjectKind, readonly ProjectionFinder[]>> = {
  charge: [
    { name: 'invoice', field: 'invoice', valuesOf: (charge) => charge.links.invoices },
    { name: 'payment_intent', field: 'payment_intent', valuesOf: (charge) => some(paymentIntentOf(charge)) },
  ],
  invoice: [
    { name: 'charge', field: 'charges', valuesOf: (invoice) => invoice.links.charges },
    {
      name: 'subscription',
      field: 'subscription',
      valuesOf: (invoice) => invoice.links.subscriptions,
      most: mostHeirs,
    },
    {
      name: 'customer',
      field: 'customer',
      valuesOf: (invoice) => some(ownString(contentOf(invoice), 'customer')),
    },
  ],
  invoice_payment: [
    {
      name: 'invoice',
      field: 'invoice',
      valuesOf: (payment) => some(ownString(contentOf(payment), 'invoice')),
    },
    {
      name: 'payment_intent',
      field: 'payment.payment_intent',
      valuesOf: (payment) => some(linkOfPayment(payment, 'payment_intent')),
    },
    {
      name: 'charge',
      field: 'payment.charge',
      valuesOf: (payment) => some(linkOfPayment(payment, 'charge')),
    },
  ],
}

/** Returns the payment intent that a charge belongs to, or null. */
export const paymentIntentOf = (charge: Projection): string | null =>
  ownString(contentOf(charge), 'payment_intent')

/** Returns the id that an invoice payment was paid through, be it expanded or not, or null. */
export const linkOfPayment = (payment: Projection, name: 'payment_intent' | 'charge'): string | null =>
  linkIn(contentOf(payment), name)

/** Returns the payment intent in an invoice payment's payload, or null. */
export const paymentIntentIn = (payload: JsonObject | null): string | null =>
  linkIn(payload, 'payment_intent')

const linkIn = (payload: JsonObject | null, name: string): string | null => {
  const details = ownObject(payload, 'payment')
  return ownString(details, name) ?? ownString(ownObject(details, name), 'id')
}

const some = (value: string | null): readonly string[] => (value === null ? [] : [value])

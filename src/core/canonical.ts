// The fields that every projection shows whatever API version rendered it: links learnt from relatives, metadata
// inherited from them, and what newer versions moved elsewhere. Pure functions of the object and its relatives.

import { isJsonObject, type Json, type JsonObject, own, ownNumber, ownObject, ownString } from './json.ts'
import { shownList } from './list-registers.ts'
import type { ObjectKind } from './object-kinds.ts'
import { type CanonicalFields, contentOf, type Projection } from './projection.ts'

/** Names of the canonical fields of each kind that has some. */
export const canonicalNames: Partial<Record<ObjectKind, readonly string[]>> = {
  charge: ['invoice', 'metadata'],
  invoice: ['subscription', 'charges', 'charge', 'paid', 'metadata'],
  subscription: ['current_period_start', 'current_period_end'],
}

/** Returns a charge's canonical fields; `invoice` is its invoice's projection where one is stored. */
export const canonicalCharge = (charge: Projection, invoice: Projection | null): CanonicalFields => ({
  invoice: charge.links.invoices[0] ?? null,
  metadata: mergeMetadata(shownMetadata(invoice), ownMetadata(charge)),
})

/** Returns an invoice's canonical fields; `lent` is its subscription's `lentMetadata`, `charges` are those that are stored. */
export const canonicalInvoice = (
  invoice: Projection,
  { lent, charges }: { readonly lent: JsonObject | null; readonly charges: readonly Projection[] },
): CanonicalFields => ({
  subscription: invoice.links.subscriptions[0] ?? null,
  charges: invoice.links.charges,
  charge: decisiveCharge(invoice, charges),
  paid: isPaid(invoice),
  metadata: mergeMetadata(lent ?? snapshotMetadata(invoice), ownMetadata(invoice)),
})

/** Returns a subscription's canonical fields: the earliest start and the latest end of its items' periods. */
export const canonicalSubscription = (subscription: Projection): CanonicalFields => {
  const content = contentOf(subscription)
  const items = content === null ? undefined : own(shownList('items', content, subscription.lists), 'data')
  const periods = Array.isArray(items) ? items.filter(isJsonObject) : []
  return {
    current_period_start: choose(Math.min, boundsOf('current_period_start', { content, periods })),
    current_period_end: choose(Math.max, boundsOf('current_period_end', { content, periods })),
  }
}

/** Tells whether Stripe counts the invoice as paid (`paid` was removed in basil: `status` says it in both). */
export const isPaid = (invoice: Projection): boolean => ownString(contentOf(invoice), 'status') === 'paid'

/** Tells whether an invoice needs a contact: it is paid, and its event was seen or a backfill showed it so. */
export const needsContact = (invoice: Projection): boolean =>
  isPaid(invoice) && (invoice.paymentTold || invoice.paymentShown)

/** Returns the metadata that Stripe itself holds on the object. */
export const ownMetadata = (projection: Projection | null): JsonObject =>
  (projection === null ? null : ownObject(contentOf(projection), 'metadata')) ?? {}

/** Returns the metadata that a subscription lends its invoices; null while no payload of it was seen. */
export const lentMetadata = (subscription: Projection | null): JsonObject | null =>
  subscription?.content == null ? null : ownMetadata(subscription)

/** Returns the metadata a projection shows: merged with what it inherits. */
export const shownMetadata = (projection: Projection | null): JsonObject =>
  projection === null ? {} : (ownObject(projection.canonical, 'metadata') ?? ownMetadata(projection))

// Spreading defines own properties, so that a key `__proto__` stays a key.
const mergeMetadata = (inherited: JsonObject, own: JsonObject): JsonObject => ({ ...inherited, ...own })

// While the subscription itself is unknown, the snapshot on the invoice stands in
// (https://docs.stripe.com/api/invoices/object#invoice_object-parent-subscription_details-metadata).
const snapshotMetadata = (invoice: Projection): JsonObject => {
  const content = contentOf(invoice)
  const details =
    ownObject(content, 'subscription_details') ??
    ownObject(ownObject(content, 'parent'), 'subscription_details')
  return ownObject(details, 'metadata') ?? {}
}

const decisiveCharge = (invoice: Projection, stored: readonly Projection[]): string | null => {
  const succeeded = stored.filter((charge) => ownString(contentOf(charge), 'status') === 'succeeded')
  const named = ownString(contentOf(invoice), 'charge')
  if (succeeded.length > 0) return createdLast(succeeded)
  // A charge that only the invoice names, not stored yet, is its last attempt.
  if (named !== null && !stored.some((charge) => charge.id === named)) return named
  return stored.length > 0 ? createdLast(stored) : (invoice.links.charges.at(-1) ?? null)
}

const createdLast = (charges: readonly Projection[]): string | null =>
  charges.reduce<Projection | null>(
    (last, charge) => (last === null || isCreatedAfter(charge, last) ? charge : last),
    null,
  )?.id ?? null

const isCreatedAfter = (charge: Projection, last: Projection): boolean => {
  const created = ownNumber(contentOf(charge), 'created') ?? 0
  const lastCreated = ownNumber(contentOf(last), 'created') ?? 0
  return created !== lastCreated ? created > lastCreated : charge.id > last.id
}

// Before basil the subscription itself had one period, and its items none: those of a list that is shown in place of its own
// cut one may be older than it.
const boundsOf = (
  field: string,
  { content, periods }: { readonly content: JsonObject | null; readonly periods: readonly JsonObject[] },
): readonly number[] => {
  const told = ownNumber(content, field)
  return told === null ? periods.map((period) => ownNumber(period, field)).filter(isNumber) : [told]
}

const isNumber = (bound: number | null): bound is number => bound !== null

const choose = (among: (...values: number[]) => number, bounds: readonly number[]): Json =>
  bounds.length > 0 ? among(...bounds) : null

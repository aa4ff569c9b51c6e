// The words of the oracle: a history is what a small simulated Stripe world emitted, in the order it truly happened.
import type { ObjectKind } from '../../src/core/object-kinds.ts'
import { hashAt, isHash, type Json, numberAt, textAt } from './plain-json.ts'

/** The families, by the object that each is of; the compiler asks for every kind that is mirrored. */
const FAMILY_OF_OBJECT = {
  customer: 'customers',
  subscription: 'subscriptions',
  invoice: 'invoices',
  charge: 'charges',
  invoice_payment: 'invoice_payments',
  refund: 'refunds',
  dispute: 'disputes',
  product: 'products',
} as const satisfies Readonly<Record<ObjectKind, string>>

export type Family = (typeof FAMILY_OF_OBJECT)[ObjectKind]

export const FAMILIES: readonly Family[] = Object.values(FAMILY_OF_OBJECT)

/** API shapes before (acacia) and since (endive) the move of links out of invoices and charges. */
export type Generation = 'acacia' | 'endive'

export interface AccountSettings {
  readonly stripe_user_id: string
  readonly new_contact: boolean
  readonly support: boolean
  readonly mappings: readonly { readonly from: string; readonly to: string }[]
}

/** One event of Stripe as JSON, and its place in the true order of all events of the history, from 0. */
export interface OracleEvent {
  readonly event: Json
  readonly order: number
}

/** What happens in a history, for statistics and for choosing how to compare. */
export interface HistoryTraits {
  readonly hasTie: boolean
  readonly hasTombstone: boolean
  readonly hasReturn: boolean
  readonly hasRecreation: boolean
  readonly hasPaidInvoice: boolean
  readonly hasMissingRelative: boolean
  readonly hasInheritedMetadata: boolean
  readonly hasPreexistingContact: boolean
  readonly hasTwoEventsOfOneChange: boolean
  /** Events of one account come in both generations: compare with `{ mixedGenerations: true }`. */
  readonly mixedGenerations: boolean
}

export interface History {
  readonly accounts: readonly AccountSettings[]
  /** Documents made by other people, by collection; `_id` is a string, times are dates. */
  readonly preexisting: Readonly<Record<string, readonly Json[]>>
  readonly events: readonly OracleEvent[]
  readonly traits: HistoryTraits
  /** `${account}:${object id}` whose in-order end no rule of order tells: compare these between deliveries only. */
  readonly undetermined: ReadonlySet<string>
}

/** An event taken apart, for the parts of the oracle that judge events. */
export interface SeenEvent {
  readonly id: string
  readonly account: string
  readonly type: string
  readonly created: number
  readonly livemode: boolean
  readonly apiVersion: string
  readonly order: number
  readonly family: Family
  readonly object: Json
  readonly objectId: string
  readonly previous: Json | undefined
}

const familyOf: Readonly<Record<string, Family>> = FAMILY_OF_OBJECT

/** Takes the events of the families that the oracle judges apart, in true order. */
export const seenEvents = (events: readonly OracleEvent[]): readonly SeenEvent[] =>
  [...events].sort((one, other) => one.order - other.order).flatMap(seenEvent)

const seenEvent = ({ event, order }: OracleEvent): SeenEvent[] => {
  const data = hashAt(event, 'data')
  const object = hashAt(data, 'object')
  const family = familyOf[textAt(object, 'object') ?? '']
  const objectId = textAt(object, 'id')
  if (family === undefined || objectId === null) return []
  return [
    {
      id: textAt(event, 'id') ?? '',
      account: textAt(event, 'account') ?? 'platform',
      type: textAt(event, 'type') ?? '',
      created: numberAt(event, 'created'),
      livemode: event.livemode === true,
      apiVersion: textAt(event, 'api_version') ?? '',
      order,
      family,
      object,
      objectId,
      previous: isHash(data.previous_attributes) ? data.previous_attributes : undefined,
    },
  ]
}

/** Names an object across accounts, as `History.undetermined` does. */
export const objectKey = (account: string, objectId: string): string => `${account}:${objectId}`

/** Tells the events that leave a tombstone; an ended subscription is not deleted, it stays as canceled. */
export const isDeletion = (event: SeenEvent): boolean =>
  ['customer.deleted', 'product.deleted', 'invoice.deleted'].includes(event.type)

/** Tells the events that begin an object's life and lift its tombstone. */
export const isCreation = (event: SeenEvent): boolean => event.type.endsWith('.created')

/** Tells the events that say an invoice was paid. */
export const isPaidEvent = (event: SeenEvent): boolean =>
  event.type === 'invoice.paid' || event.type === 'invoice.payment_succeeded'

/** Tells whether the payload has content, or is the bare `{id, object, deleted: true}`. */
export const hasContent = (object: Json): boolean =>
  Object.keys(object).some((key) => !['id', 'object', 'deleted'].includes(key))

/** Returns the subscription that an invoice names, in either generation. */
export const subscriptionOfInvoice = (invoice: Json): string | null =>
  textAt(invoice, 'subscription') ??
  textAt(hashAt(hashAt(invoice, 'parent'), 'subscription_details'), 'subscription')

/** Returns the invoice's own snapshot of its subscription's metadata, in either generation. */
export const subscriptionSnapshot = (invoice: Json): Json => {
  const details = isHash(invoice.subscription_details)
    ? invoice.subscription_details
    : hashAt(hashAt(invoice, 'parent'), 'subscription_details')
  return hashAt(details, 'metadata')
}

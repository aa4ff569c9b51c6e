// What a customer gives to its CRM contact. Pure: the contact is a plain document that the CRM also writes, and
// only the fields named here are ever touched.

import { isJsonObject, type JsonObject, ownString } from './json.ts'
import { defaultMappings, getMapping, type MappedField, type MappingRule } from './mapping.ts'
import type { Moment } from './observation.ts'

/** A contact as a plain document. */
export type ContactDocument = Readonly<Record<string, unknown>> & { readonly _id: unknown }

/** `source` of the contacts that billing-sync makes. */
export const ownSource = 'billing-sync'

/** Default fields that were empty when a contact made by somebody else was adopted: only these mirror the customer. */
interface ContactSync {
  readonly fills: readonly string[]
}

/** Returns the customer fields that an invoice snapshots, which stand in while the customer itself is unknown. */
export const standInCustomer = (invoice: JsonObject): JsonObject => ({
  email: ownString(invoice, 'customer_email'),
  name: ownString(invoice, 'customer_name'),
  phone: ownString(invoice, 'customer_phone'),
})

/** Returns the `_id` of the contact that billing-sync makes for a customer. */
export const contactIdOf = (account: string, customerId: string): string => `${account}:${customerId}`

/** Returns a new contact for a customer, without its fields. */
export const newContact = (account: string, customerId: string, now: Date): ContactDocument => ({
  _id: contactIdOf(account, customerId),
  stripe_user_id: account,
  source: ownSource,
  former_stripe_customer_ids: [],
  created_at: now,
  updated_at: now,
})

/**
 * Returns somebody else's contact, met for the first time, so that it remembers which default fields were empty: beside
 * what else its `sync` holds. A `sync` that is no hash is left alone, and nothing but mapped fields is then filled.
 */
export const adoptContact = (contact: ContactDocument): ContactDocument => {
  const { sync = null } = contact
  if (contact.source === ownSource || fillsOf(contact) !== null) return contact
  if (sync !== null && !isPlain(sync)) return contact
  const fills = defaultMappings.map(({ to }) => to).filter((field) => isEmpty(contact[field]))
  return { ...contact, sync: { ...sync, fills } satisfies ContactSync }
}

/** Tells whether a contact may be adopted by e-mail: it has no customer and was made by somebody else. */
export const isAdoptable = (contact: ContactDocument): boolean =>
  !isOwnSource(contact.source) && linkedCustomer(contact) === null

// The database, which looks for addresses without case, compares no text of that look-up with it.
const isOwnSource = (source: unknown): boolean =>
  typeof source === 'string' && source.toLowerCase() === ownSource

// What others wrote there need not be a text, but it is a customer all the same. The empty text is none: the CRM's
// contacts may all have it, which the unique index allows.
const linkedCustomer = ({ stripe_customer_id: linked = null }: ContactDocument): unknown =>
  linked === '' ? null : linked

/** Returns the contact linked to the customer, or, when the customer is deleted, with it among the former ones. */
export const linkContact = (
  contact: ContactDocument,
  customerId: string,
  deleted: boolean,
): ContactDocument => {
  const former = formerCustomers(contact).filter((id) => id !== customerId)
  const { stripe_customer_id: _, ...rest } = contact
  const linked = linkedCustomer(contact)
  const isOthers = linked !== null && linked !== customerId
  if (!deleted) {
    // Found by a former customer that lives again: it stays among the former ones, or the next event would not find it.
    return isOthers
      ? contact
      : { ...rest, stripe_customer_id: customerId, former_stripe_customer_ids: former }
  }
  const kept = isOthers ? { stripe_customer_id: linked } : {}
  return { ...rest, ...kept, former_stripe_customer_ids: [...former, customerId].sort() }
}

/**
 * Returns the customer whose fields a contact shows: the one that it is linked to, else of its former ones the one that was
 * deleted last, whichever of them an event is about; null where it has none.
 * @param deletions moments of the former customers' deletions; only asked for where there are several
 */
export const shownCustomer = async (
  contact: ContactDocument,
  deletions: (customerIds: readonly string[]) => Promise<ReadonlyMap<string, Moment>>,
): Promise<unknown> => {
  const linked = linkedCustomer(contact)
  const former = formerCustomers(contact)
  if (linked !== null || former.length < 2) return linked ?? former[0] ?? null
  const moments = [...(await deletions(former))]
  return (
    moments.reduce<readonly [string, Moment] | null>(
      (last, next) => (last === null || isLater(next, last) ? next : last),
      null,
    )?.[0] ?? null
  )
}

const isLater = (
  [id, moment]: readonly [string, Moment],
  [otherId, other]: readonly [string, Moment],
): boolean => (moment !== other ? moment > other : id > otherId)

/** Returns the contact with the customer's mapped fields; null and absent ones are unset. */
export const mapContact = (
  contact: ContactDocument,
  customer: JsonObject,
  mappings: readonly MappingRule[],
): ContactDocument =>
  getMapping(customer, mappings.length > 0 ? mappings : defaultsFor(contact)).reduce<ContactDocument>(
    (mapped, field) => setField(mapped, field) as ContactDocument, // `_id` is no possible target
    contact,
  )

/**
 * Returns the contact without what mappings of before gave it. Only ours: what stood in somebody else's field before
 * it was mapped is not known.
 * @param targets dot paths
 */
export const unmapContact = (contact: ContactDocument, targets: readonly string[]): ContactDocument =>
  contact.source === ownSource
    ? targets.reduce<ContactDocument>(
        (left, to) => setField(left, { path: to.split('.'), value: undefined }) as ContactDocument, // `_id` is no possible target
        contact,
      )
    : contact

const defaultsFor = (contact: ContactDocument): readonly MappingRule[] => {
  if (contact.source === ownSource) return defaultMappings
  const fills = fillsOf(contact) ?? []
  return defaultMappings.filter(({ to }) => fills.includes(to))
}

const fillsOf = ({ sync }: ContactDocument): readonly unknown[] | null =>
  isJsonObject(sync) && Array.isArray(sync.fills) ? sync.fills : null

// Others may keep an id or bytes there.
const isPlain = (value: unknown): value is JsonObject =>
  isJsonObject(value) && Object.getPrototypeOf(value) === Object.prototype

const formerCustomers = (contact: ContactDocument): readonly string[] =>
  Array.isArray(contact.former_stripe_customer_ids)
    ? contact.former_stripe_customer_ids.filter((id): id is string => typeof id === 'string')
    : []

const isEmpty = (value: unknown): boolean => value === undefined || value === null || value === ''

// A parent that only held the unset field goes with it, so that setting and unsetting leaves no trace.
const setField = (
  target: Readonly<Record<string, unknown>>,
  { path, value }: MappedField,
): Record<string, unknown> => {
  const [head = '', ...rest] = path
  const { [head]: child, ...others } = target
  if (rest.length === 0) return value === undefined ? others : { ...target, [head]: value }
  const parent = isJsonObject(child) ? child : {}
  if (value === undefined && !isJsonObject(child)) return { ...target }
  const changed = setField(parent, { path: rest, value })
  const emptied = Object.keys(changed).length === 0 && Object.keys(parent).length > 0
  return emptied ? others : { ...target, [head]: changed }
}

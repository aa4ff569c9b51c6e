// What a customer gives to its CRM contact. Pure: the contact is a plain document that the CRM also writes, and
// only the fields named here are ever touched.

import { isEqual, isJsonObject, type JsonObject, own, ownString } from './json.ts'
import { defaultMappings, getMapping, type MappedField, type MappingRule } from './mapping.ts'
import type { Moment } from './observation.ts'

/** A contact as a plain document. */
export type ContactDocument = Readonly<Record<string, unknown>> & { readonly _id: unknown }

/** `source` of the contacts that billing-sync makes. */
export const ownSource = 'billing-sync'

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

/** Tells whether a contact may be adopted by e-mail: it has no customer and was made by somebody else. */
export const isAdoptable = (contact: ContactDocument): boolean =>
  !isOwnSource(contact.source) && linkedCustomer(contact) === null

// The database, which looks for addresses without case, compares no text of that look-up with it.
const isOwnSource = (source: unknown): boolean =>
  typeof source === 'string' && source.toLowerCase() === ownSource

/**
 * Returns the customer that a contact is linked to, null where it has none. What others wrote there need not be a text, but
 * it is a customer all the same. The empty text is none: the CRM's contacts may all have it, which the unique index allows.
 */
export const linkedCustomer = ({ stripe_customer_id: linked = null }: ContactDocument): unknown =>
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
): ContactDocument => {
  if (mappings.length > 0) return setFields(contact, getMapping(customer, mappings))
  const fields = getMapping(customer, defaultMappings)
  return contact.source === ownSource ? setFields(contact, fields) : fillContact(contact, fields)
}

// Somebody else's contact, without mappings: only what is empty, or still is what was filled in, follows the customer. What
// can't be remembered could not be told from what the CRM has written since.
const fillContact = (contact: ContactDocument, fields: readonly MappedField[]): ContactDocument => {
  const sync = contact.sync ?? {}
  if (!isPlain(sync)) return contact
  const { filled = null, fills = [], ...others } = sync
  const known = isJsonObject(filled) ? filled : {}
  const followed = fields.filter(({ path: [name = ''], value }) => {
    const there = contact[name]
    if (isEmpty(there) || isEqual(there, own(known, name))) return true
    // Earlier releases remembered the names alone.
    return filled === null && Array.isArray(fills) && fills.includes(name) && value !== undefined
  })
  const names = new Set(followed.map(({ path: [name] }) => name))
  const kept = Object.entries(known).filter(([name]) => !names.has(name))
  const given = followed.flatMap(({ path: [name = ''], value }) =>
    value === undefined ? [] : [[name, value]],
  )
  const remembered = Object.fromEntries([...kept, ...given])
  const mapped = setFields(contact, followed)
  return Object.keys(remembered).length === 0 && filled === null
    ? mapped
    : { ...mapped, sync: { ...others, filled: remembered } }
}

const setFields = (contact: ContactDocument, fields: readonly MappedField[]): ContactDocument =>
  fields.reduce<ContactDocument>(
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
    ? setFields(
        contact,
        targets.map((to) => ({ path: to.split('.'), value: undefined })),
      )
    : contact

// Others may keep an id or bytes there.
const isPlain = (value: unknown): value is JsonObject =>
  isJsonObject(value) && Object.getPrototypeOf(value) === Object.prototype

/** Returns the customers that a contact had. */
export const formerCustomers = (contact: ContactDocument): readonly string[] =>
  Array.isArray(contact.former_stripe_customer_ids)
    ? contact.former_stripe_customer_ids.filter((id): id is string => typeof id === 'string')
    : []

const isEmpty = (value: unknown): boolean => value === undefined || value === null || value === ''

// A parent that only held the unset field goes with it, so that setting and unsetting leaves no trace. What the CRM keeps
// there that is no hash could not be brought back once the field is unset, so it stays.
const setField = (
  target: Readonly<Record<string, unknown>>,
  { path, value }: MappedField,
): Record<string, unknown> => {
  const [head = '', ...rest] = path
  const { [head]: child, ...others } = target
  if (rest.length === 0) return value === undefined ? others : { ...target, [head]: value }
  const parent = child ?? {}
  if (!isPlain(parent) || (value === undefined && child !== parent)) return { ...target }
  const changed = setField(parent, { path: rest, value })
  const emptied = Object.keys(changed).length === 0 && Object.keys(parent).length > 0
  return emptied ? others : { ...target, [head]: changed }
}

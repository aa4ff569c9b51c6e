// What a customer gives to its CRM contact. Pure: the contact is a plain document that the CRM also writes, and
// only the fields named here are ever touched.

import { isJsonObject, type JsonObject, ownString } from './json.ts'
import { defaultMappings, getMapping, type MappedField, type MappingRule } from './mapping.ts'

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

/** Returns somebody else's contact, met for the first time, so that it remembers which default fields were empty. */
export const adoptContact = (contact: ContactDocument): ContactDocument => {
  if (contact.source === ownSource || isJsonObject(contact.sync)) return contact
  const fills = defaultMappings.map(({ to }) => to).filter((field) => isEmpty(contact[field]))
  return { ...contact, sync: { fills } satisfies ContactSync }
}

/** Tells whether a contact may be adopted by e-mail: it has no customer and was made by somebody else. */
export const isAdoptable = (contact: ContactDocument): boolean =>
  contact.source !== ownSource &&
  (contact.stripe_customer_id === undefined || contact.stripe_customer_id === null)

/** Returns the contact linked to the customer, or, when the customer is deleted, with it among the former ones. */
export const linkContact = (
  contact: ContactDocument,
  customerId: string,
  deleted: boolean,
): ContactDocument => {
  const former = formerCustomers(contact).filter((id) => id !== customerId)
  const { stripe_customer_id: linked, ...rest } = contact
  const isOthers = linked !== undefined && linked !== null && linked !== customerId
  if (!deleted) {
    // Found by a former customer that lives again: it stays among the former ones, or the next event would not find it.
    return isOthers
      ? contact
      : { ...rest, stripe_customer_id: customerId, former_stripe_customer_ids: former }
  }
  const kept = isOthers ? { stripe_customer_id: linked } : {}
  return { ...rest, ...kept, former_stripe_customer_ids: [...former, customerId].sort() }
}

/** Tells whether the contact shows this customer: it is linked to it, or to none and this was the only one before. */
export const showsCustomer = (contact: ContactDocument, customerId: string): boolean => {
  const linked = contact.stripe_customer_id
  if (linked !== undefined && linked !== null) return linked === customerId
  const former = formerCustomers(contact)
  return former.length === 1 && former[0] === customerId
}

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
  const fills = isJsonObject(contact.sync) && Array.isArray(contact.sync.fills) ? contact.sync.fills : []
  return defaultMappings.filter(({ to }) => fills.includes(to))
}

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

// From customers to CRM contacts.

import { needsContact } from '../core/canonical.ts'
import {
  contactIdOf,
  formerCustomers,
  linkContact,
  linkedCustomer,
  mapContact,
  newContact,
  ownSource,
  shownCustomer,
  standInCustomer,
  unmapContact,
} from '../core/contact.ts'
import { normaliseEmail } from '../core/email.ts'
import { isEqual, type JsonObject, ownNumber, ownString } from '../core/json.ts'
import { type MappingRule, problemOfMappings } from '../core/mapping.ts'
import type { Moment } from '../core/observation.ts'
import { contentOf, deletionOf, isDeleted, type Projection } from '../core/projection.ts'
import { BillingSyncError } from '../errors.ts'
import type { DeskEntity, UnitOfWork } from '../unit-of-work/unit-of-work.ts'

/** Why a contact is derived. */
interface DerivingReason {
  /** True for a paid invoice, which needs a contact. */
  readonly paid: boolean
  /** Dot paths that mappings of before wrote to. */
  readonly mappedBefore?: readonly string[]
}

/**
 * Derives a customer's contact from the stored customer, be the event that asks for it stale or not, and returns
 * it; null where the customer has none and none is due. Throws `config_invalid` where the account's mappings can't be used.
 */
export const deriveContact = async (
  work: UnitOfWork,
  customerId: string,
  why: DerivingReason,
): Promise<DeskEntity | null> => {
  const customer = await work.projections.customer.get(customerId)
  const fields = await customerFields(work, customerId, customer)
  const found = await findContact(work, customerId, customer?.seenAlive === true || why.paid ? fields : null)
  const due = why.paid || (work.account.newContact && customer?.seenAlive === true)
  // One made before may have lost its customer in the CRM: its id is taken all the same.
  const known = found ?? (due ? await work.contacts.get(contactIdOf(work.account.id, customerId)) : null)
  const contact = known ?? (due ? newContact(work.account.id, customerId, work.now) : null)
  if (contact === null) return null
  const own = linkContact(contact, customerId, customer !== null && isDeleted(customer))
  const heir = await livingCustomer(work, own)
  const linked = heir === null ? own : linkContact(own, heir.id, false)
  const derived = heir === null ? { id: customerId, fields } : { id: heir.id, fields: contentOf(heir) }
  const shown = await shownFields(work, linked, derived)
  if (shown === null) return putContact(work, known, linked)
  const mappings = usableMappings(work)
  return putContact(work, known, mapContact(unmapContact(linked, why.mappedBefore ?? []), shown, mappings))
}

// Somebody may have written to the account's row.
const usableMappings = ({ account: { id, mappings } }: UnitOfWork): readonly MappingRule[] => {
  const problem = problemOfMappings(mappings)
  if (problem === null) return mappings
  throw new BillingSyncError('config_invalid', { source: `mappings of ${id} in billing.accounts`, problem })
}

// Where the CRM has joined the contacts of several customers, the next of them takes the place of one that is deleted, as its
// own next event would have it do. Of several, the one created last.
const livingCustomer = async (work: UnitOfWork, contact: DeskEntity): Promise<Projection | null> => {
  if (linkedCustomer(contact) !== null) return null
  let last: Projection | null = null
  for (const id of formerCustomers(contact)) {
    const customer = await work.projections.customer.get(id)
    if (customer === null || customer.content === null || isDeleted(customer)) continue
    if ((await work.contacts.findBy('customer', id)).length > 0) continue
    if (last === null || isNewer(contentOf(customer) ?? {}, contentOf(last) ?? {})) last = customer
  }
  return last
}

// A contact without a customer shows the one deleted last, be it that which is derived or another. Of one that is linked
// to another customer, that one's own events see to the fields.
const shownFields = async (
  work: UnitOfWork,
  contact: DeskEntity,
  derived: { readonly id: string; readonly fields: JsonObject | null },
): Promise<JsonObject | null> => {
  const id = await shownCustomer(contact, (ids) => deletionsOf(work, ids))
  if (id === derived.id) return derived.fields
  if (typeof id !== 'string' || id === contact.stripe_customer_id) return null
  return customerFields(work, id, await work.projections.customer.get(id))
}

const deletionsOf = async (
  work: UnitOfWork,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Moment>> => {
  const customers = await Promise.all(ids.map((id) => work.projections.customer.get(id)))
  return new Map(
    customers.flatMap((customer): readonly [string, Moment][] => {
      const moment = customer === null ? null : deletionOf(customer)
      return customer === null || moment === null ? [] : [[customer.id, moment]]
    }),
  )
}

const putContact = (work: UnitOfWork, known: DeskEntity | null, contact: DeskEntity): DeskEntity => {
  if (known !== null && isEqual(known, contact)) return known
  const stamped = { ...contact, updated_at: work.now }
  work.contacts.put(stamped)
  return stamped
}

const customerFields = async (
  work: UnitOfWork,
  customerId: string,
  customer: Projection | null,
): Promise<JsonObject | null> => {
  const content = customer === null ? null : contentOf(customer)
  if (content !== null) return content
  const invoices = await work.projections.invoice.findBy('customer', customerId)
  const newest = invoices
    .filter(needsContact)
    .map((invoice) => contentOf(invoice) ?? {})
    .reduce<JsonObject | null>(
      (last, invoice) => (last === null || isNewer(invoice, last) ? invoice : last),
      null,
    )
  return newest === null ? null : standInCustomer(newest)
}

const isNewer = (object: JsonObject, than: JsonObject): boolean => {
  const created = (ownNumber(object, 'created') ?? 0) - (ownNumber(than, 'created') ?? 0)
  return created !== 0 ? created > 0 : (ownString(object, 'id') ?? '') > (ownString(than, 'id') ?? '')
}

const findContact = async (
  work: UnitOfWork,
  customerId: string,
  adopting: JsonObject | null,
): Promise<DeskEntity | null> => {
  const linked = await work.contacts.findBy('customer', customerId)
  const former = linked.length > 0 ? linked : await work.contacts.findBy('former_customer', customerId)
  if (former[0] !== undefined) return oldest(former)
  const email = normaliseEmail(ownString(adopting, 'email') ?? '')
  if (email === '') return null
  return oldest(await work.contacts.findBy('adoptable', email))
}

/** Returns the document created first; ids decide between equal or missing times. */
export const oldest = (documents: readonly DeskEntity[]): DeskEntity | null =>
  documents.reduce<DeskEntity | null>(
    (first, next) => (first === null || isOlder(next, first) ? next : first),
    null,
  )

const isOlder = (document: DeskEntity, than: DeskEntity): boolean => {
  const [time, otherTime] = [timeOf(document), timeOf(than)]
  return time !== otherTime ? time < otherTime : String(document._id) < String(than._id)
}

const timeOf = ({ created_at }: DeskEntity): number =>
  created_at instanceof Date ? created_at.getTime() : Number.POSITIVE_INFINITY

/** Tells whether billing-sync made the document. */
export const isOurs = (document: DeskEntity): boolean => document.source === ownSource

// From the fields a test names to a whole stored object. Fields that only older versions have are kept apart as `old`;
// a few of them (an invoice's `subscription`, a subscription's period) are written into the place they have today.

import { itemOf, lineOf } from './assemble-parts.ts'
import { type Hash, hashAt, hashesAt, isHash, type Json, own, textAt, without } from './json.ts'
import { type ObjectType, rowOf } from './object-types.ts'
import type { StoredObject } from './stored-object.ts'
import { completed } from './templates.ts'
import type { Workshop } from './workshop.ts'

/** Returns a new object: the template of its type with the given fields over it. */
export const newObject = (workshop: Workshop, type: ObjectType, fields: Hash): StoredObject => {
  const { content: given, old } = apart(workshop, type, structuredClone(fields))
  const id = textAt(given, 'id') ?? workshop.newId(rowOf(type).idPrefix)
  const created = typeof given.created === 'number' ? given.created : workshop.now()
  const { accountId, livemode } = workshop
  const content = completed(type, { id, created, livemode, accountId, given: withoutParts(type, given) })
  const bare: StoredObject = {
    type,
    id,
    created,
    content,
    old,
    parts: [],
    deleted: false,
    rendered: new Map(),
  }
  return { ...bare, parts: partsOf(workshop, bare, given) ?? defaultParts(workshop, bare, given) }
}

/**
 * Returns the object as it is after an update. Fields replace the former ones whole, but metadata is merged as Stripe
 * merges it: `''` or null takes a key away, `metadata: ''` all of them.
 */
export const changedObject = (workshop: Workshop, before: StoredObject, fields: Hash): StoredObject => {
  const { content: given, old } = apart(workshop, before.type, structuredClone(fields))
  const metadata = Object.hasOwn(given, 'metadata') ? { metadata: mergedMetadata(before.content, given) } : {}
  const touched = before.type === 'product' ? { updated: workshop.now() } : {}
  const content = { ...before.content, ...touched, ...withoutParts(before.type, given), ...metadata }
  const parts = partsOf(workshop, before, given) ?? before.parts
  return { ...before, content, old: { ...before.old, ...old }, parts, rendered: new Map() }
}

const mergedMetadata = (before: Hash, given: Hash): Hash => {
  const patch = given.metadata
  if (!isHash(patch)) return {}
  const merged = { ...hashAt(before, 'metadata'), ...patch }
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== '' && value !== null))
}

const OLD_FIELDS: Readonly<Partial<Record<ObjectType, readonly string[]>>> = {
  charge: ['invoice'],
  invoice: [
    'application_fee_amount',
    'charge',
    'discount',
    'paid',
    'paid_out_of_band',
    'payment_intent',
    'quote',
    'tax',
    'total_tax_amounts',
    'transfer_data',
  ],
  payment_intent: ['invoice'],
  subscription: ['discount'],
}

const apart = (workshop: Workshop, type: ObjectType, fields: Hash): { content: Hash; old: Hash } => {
  const names = OLD_FIELDS[type] ?? []
  const old = Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name)))
  const content = without(fields, names)
  return { content: type === 'invoice' ? withParent(workshop, content) : content, old }
}

/** An invoice names its subscription in `parent`, with a snapshot of the metadata which that has now. */
const withParent = ({ state }: Workshop, fields: Hash): Hash => {
  const subscription = own(fields, 'subscription')
  if (subscription === undefined) return fields
  const content = without(fields, ['subscription', 'subscription_details'])
  if (typeof subscription !== 'string') return { ...content, parent: null }
  const current = state.find('subscription', subscription)
  const metadata: Json =
    own(hashAt(fields, 'subscription_details'), 'metadata') ?? current?.content.metadata ?? {}
  const subscription_details = { metadata, subscription }
  return { ...content, parent: { quote_details: null, subscription_details, type: 'subscription_details' } }
}

// A subscription's period lies on its items since basil: given for the whole, it is written on each of them.
const PERIOD = ['current_period_start', 'current_period_end'] as const

const withoutParts = (type: ObjectType, given: Hash): Hash => {
  const { carries } = rowOf(type)
  if (carries === undefined) return given
  return without(given, type === 'subscription' ? [carries.list, ...PERIOD] : [carries.list])
}

const partsOf = (workshop: Workshop, owner: StoredObject, given: Hash): readonly StoredObject[] | null => {
  if (owner.type === 'invoice') {
    return entriesOf(given, 'lines')?.map((line) => lineOf(workshop, owner, line)) ?? null
  }
  if (owner.type !== 'subscription') return null
  const items = entriesOf(given, 'items')?.map((item) => itemOf(workshop, owner, item)) ?? owner.parts
  const period = Object.fromEntries(
    PERIOD.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])),
  )
  if (items === owner.parts && Object.keys(period).length === 0) return null
  return items.map((item) => ({ ...item, content: { ...item.content, ...period }, rendered: new Map() }))
}

/** One line or item, when the test does not say what is sold. */
const defaultParts = (workshop: Workshop, owner: StoredObject, given: Hash): readonly StoredObject[] => {
  if (owner.type === 'invoice') return [lineOf(workshop, owner, { amount: owner.content.total ?? 0 })]
  if (owner.type !== 'subscription') return []
  return partsOf(workshop, owner, { ...given, items: [{}] }) ?? []
}

const entriesOf = (given: Hash, list: string): readonly Hash[] | undefined => {
  const value = given[list]
  if (value === undefined) return undefined
  return isHash(value) ? hashesAt(value, 'data') : hashesAt(given, list)
}

// Brings stored documents into the form in which two runs must be equal: without ids and times that billing-sync
// chooses, references told by what they mean, absent told like null where the contract tells them alike.
import type { Family } from './history.ts'
import {
  canonicalText,
  hashAt,
  hashesAt,
  isHash,
  type Json,
  textAt,
  without,
  withoutNulls,
} from './plain-json.ts'

export interface ComparableDocument {
  /** Names the document across runs; repeated documents count on with `#2`. */
  readonly key: string
  readonly fields: Json
}

export type ComparableState = Readonly<Record<string, readonly ComparableDocument[]>>

export interface ComparisonOptions {
  /** True leaves out the fields that only one API generation renders. */
  readonly mixedGenerations?: boolean
}

type Collections = Readonly<Record<string, readonly Json[]>>
type Names = ReadonlyMap<string, string>

/** The fields that only one generation renders and that no canonical field stands for. */
const ONE_GENERATION_FIELDS: Readonly<Record<string, readonly string[]>> = {
  'billing.invoices': ['parent', 'payment_intent', 'subscription_details'],
}

// What has no row here is left out of every comparison, so the compiler asks for each.
const LINKS_OF_FAMILIES = {
  'billing.charges': ['customer', 'invoice'],
  'billing.invoices': ['charge', 'customer', 'subscription'],
  'billing.subscriptions': ['customer', 'latest_invoice'],
  'billing.refunds': ['charge'],
  'billing.disputes': ['charge'],
  'billing.customers': [],
  'billing.products': [],
  'billing.invoice_payments': [],
} as const satisfies Readonly<Record<`billing.${Family}`, readonly string[]>>
const LINKS: Readonly<Record<string, readonly string[]>> = LINKS_OF_FAMILIES

const OURS = ['_id', 'sync', 'expanded', 'event_id', 'created_at', 'updated_at']
const MADE_BY_US = 'billing-sync'

/** Returns the comparable form of the collections that the oracle judges; all others are left out. */
export const comparableState = (
  collections: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>,
  options: ComparisonOptions = {},
): ComparableState => {
  const contacts = namesOf(collections['crm.contacts'], contactName)
  const conversations = namesOf(
    collections['support.conversations'],
    (document) => `${madeBy(document)} of ${named(contacts, document.contact_id)}`,
  )
  const rooms = namesOf(
    collections['support.rooms'],
    (document) => `${madeBy(document)} in ${named(conversations, document.conversation_id)}`,
  )
  return {
    ...Object.fromEntries(
      Object.keys(LINKS).map((collection) => [collection, projections(collection, collections, options)]),
    ),
    'crm.contacts': sorted(collections['crm.contacts'], (document) => [
      contactName(document),
      contactFields(document),
    ]),
    'support.conversations': sorted(collections['support.conversations'], (document) => [
      named(conversations, document._id),
      { ...without(document, [...OURS, 'contact_id']), contact: named(contacts, document.contact_id) },
    ]),
    'support.rooms': sorted(collections['support.rooms'], (document) => [
      named(rooms, document._id),
      {
        ...without(document, [...OURS, 'contact_id', 'conversation_id']),
        contact: named(contacts, document.contact_id),
        conversation: named(conversations, document.conversation_id),
      },
    ]),
    'support.messages': sorted(collections['support.messages'], (document) => [
      messageName(document),
      {
        ...without(document, [
          ...OURS,
          'amount',
          'currency',
          'body',
          'conversation_id',
          'room_id',
          'contact_id',
        ]),
        conversation: named(conversations, document.conversation_id),
        room: named(rooms, document.room_id),
      },
    ]),
  }
}

const projections = (collection: string, collections: Collections, options: ComparisonOptions) =>
  sorted(collections[collection], (document) => [
    `${text(document.stripe_user_id)}/${text(document.stripe_id)}`,
    projectionFields(collection, document, options),
  ])

const projectionFields = (collection: string, document: Json, options: ComparisonOptions): Json => {
  const grave = { deleted: document.deleted, deleted_at: document.deleted_at }
  const identity = {
    stripe_user_id: document.stripe_user_id,
    stripe_id: document.stripe_id,
    livemode: document.livemode,
    ...(document.deleted === true ? grave : {}),
  }
  // A tombstone of an object never seen otherwise has no content that could be compared.
  if (document.created === undefined) return identity
  const moved = options.mixedGenerations === true ? (ONE_GENERATION_FIELDS[collection] ?? []) : []
  const content = without(document, [...OURS, ...moved, 'deleted', 'deleted_at', 'metadata'])
  return {
    ...content,
    ...identity,
    ...links(collection, document),
    ...metadata(document),
    ...(collection === 'billing.subscriptions' ? { items: items(document, options) } : {}),
  }
}

const links = (collection: string, document: Json): Json => ({
  ...Object.fromEntries((LINKS[collection] ?? []).map((link) => [link, document[link] ?? null])),
  ...(collection === 'billing.invoices' ? { charges: document.charges ?? [] } : {}),
})

const metadata = (document: Json): Json => {
  const merged = hashAt(document, 'metadata')
  const sync = hashAt(document, 'sync')
  const own = isHash(sync.own_metadata) ? sync.own_metadata : merged
  return {
    ...(Object.keys(merged).length > 0 ? { metadata: merged } : {}),
    ...(Object.keys(own).length > 0 ? { own_metadata: own } : {}),
  }
}

const items = (document: Json, options: ComparisonOptions): unknown => {
  if (options.mixedGenerations !== true) return document.items
  const list = hashAt(document, 'items')
  const periods = ['current_period_start', 'current_period_end']
  return { ...list, data: hashesAt(list, 'data').map((item) => without(item, periods)) }
}

const contactFields = (document: Json): Json => {
  const current = document.stripe_customer_id ?? null
  const former = customerIds(document.former_stripe_customer_ids).filter((id) => id !== current)
  const rest = withoutEmpty(
    withoutNulls(without(document, [...OURS, 'stripe_customer_id', 'former_stripe_customer_ids'])),
  )
  return { ...(isHash(rest) ? rest : {}), stripe_customer_id: current, former_stripe_customer_ids: former }
}

/** Unsetting the last field of a hash may leave the hash empty or take it away: both are the same. */
const withoutEmpty = (value: unknown): unknown => {
  if (!isHash(value)) return value
  const inner = Object.entries(value).map(([key, held]) => [key, withoutEmpty(held)] as const)
  return Object.fromEntries(inner.filter(([, held]) => !isHash(held) || Object.keys(held).length > 0))
}

const contactName = (document: Json): string => {
  const account = text(document.stripe_user_id)
  if (document.source !== MADE_BY_US) return `${account}/${text(document._id)}`
  const ids = new Set([
    ...customerIds(document.former_stripe_customer_ids),
    ...customerIds([document.stripe_customer_id]),
  ])
  return `${account}/made for ${[...ids].sort().join('+')}`
}

const customerIds = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : []).filter((id) => typeof id === 'string').sort()

const madeBy = (document: Json): string => (document.source === MADE_BY_US ? 'made' : text(document._id))

const messageName = (document: Json): string =>
  `${text(document.stripe_user_id)}/${textAt(document, 'dedupe_key') ?? text(document._id)}`

const namesOf = (documents: readonly Json[] | undefined, name: (document: Json) => string): Names =>
  new Map((documents ?? []).map((document) => [text(document._id), name(document)]))

const named = (names: Names, id: unknown): string => names.get(text(id)) ?? `nothing stored (${text(id)})`

const text = (value: unknown): string => String(value)

const sorted = (
  documents: readonly Json[] | undefined,
  told: (document: Json) => readonly [string, Json],
): readonly ComparableDocument[] => {
  const entries = (documents ?? []).map((document) => {
    const [key, fields] = told(document)
    return { key, fields }
  })
  const seen = new Map<string, number>()
  return entries
    .sort((one, other) => {
      if (one.key !== other.key) return one.key < other.key ? -1 : 1
      return canonicalText(one.fields) < canonicalText(other.fields) ? -1 : 1
    })
    .map(({ key, fields }) => {
      const count = (seen.get(key) ?? 0) + 1
      seen.set(key, count)
      return { key: count === 1 ? key : `${key}#${count}`, fields }
    })
}

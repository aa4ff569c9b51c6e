// A projection as the document that MongoDB holds, and back. Guarantee: reading what was written gives the same
// projection. The document shows the content with the canonical fields laid over it; what they cover is kept in
// `sync.own`, what they add is named in `sync.added`, so that the payload itself can be taken out again.

import { canonicalNames, ownMetadata } from './canonical.ts'
import { type ContentRegister, eventIdOf, type PastEntry, type TopEntry } from './content-register.ts'
import { isEqual, isJsonObject, type Json, type JsonObject, own, without } from './json.ts'
import { incompleteLists, type ListRegisters, shownList } from './list-registers.ts'
import type { ObjectKind } from './object-kinds.ts'
import { dateOfMoment, type Links, type Moment, type ObservationSource } from './observation.ts'
import { type CanonicalFields, contentOf, deletionOf, type Projection } from './projection.ts'

/** What `sync` holds; the fields from `order` on are billing-sync's own book-keeping. */
interface SyncFields {
  readonly as_of: Date | null
  readonly event_id: string | null
  readonly source: ObservationSource
  readonly api_version: string | null
  readonly created_at: Date
  readonly updated_at: Date
  readonly own_metadata: JsonObject
  readonly incomplete: readonly string[]
  readonly order: StoredOrder | null
  readonly links: Links
  readonly lists?: ListRegisters
  readonly own?: JsonObject
  readonly added?: readonly string[]
  readonly deleted_moment?: Moment
  readonly deletion_event_moment?: Moment
  readonly gone_moment?: Moment
  readonly created_moment?: Moment
  readonly payment_told?: true
  readonly payment_shown?: true
  readonly only_deleted?: true
}

interface StoredOrder {
  readonly moment: Moment
  /** Index of the winner in `top`. */
  readonly winner: number
  /** `content` is left out where it is the winner's: the document shows it. */
  readonly top: readonly (Omit<TopEntry, 'content'> & { readonly content?: JsonObject })[]
  readonly past: readonly PastEntry[]
}

/** The document of one Stripe object in its `billing.*` collection. */
export interface ProjectionDocument {
  readonly _id: string
  readonly stripe_id: string
  readonly stripe_user_id: string
  readonly livemode: boolean | null
  readonly sync: SyncFields
  readonly [field: string]: unknown
}

/** Returns the `_id` of an object's document: one string, so that one index serves look-ups and uniqueness. */
export const documentId = (account: string, id: string): string => `${account}:${id}`

/** Fields of the document that are never the object's own. */
const addedAlways: ReadonlySet<string> = new Set([
  '_id',
  'stripe_id',
  'stripe_user_id',
  'sync',
  'expanded',
  'deleted',
  'deleted_at',
])

/** Returns the document of a projection as written at `now`. */
export const documentOf = (account: string, projection: Projection, now: Date): ProjectionDocument => {
  const content = contentOf(projection)
  const cover = coverOf(projection, content)
  return {
    _id: documentId(account, projection.id),
    ...(content === null ? {} : without(content, addedAlways)),
    ...cover,
    stripe_id: projection.id,
    stripe_user_id: account,
    livemode: projection.livemode,
    ...(Object.keys(projection.expanded).length > 0 ? { expanded: projection.expanded } : {}),
    ...tombstoneOf(projection),
    sync: {
      ...syncOf(projection, now),
      ...hiddenUnder(content, { ...cover, livemode: projection.livemode }),
    },
  }
}

/** Returns the object's fields as its document shows them; null while no payload was seen. */
export const shownFields = (projection: Projection): JsonObject | null => {
  const content = contentOf(projection)
  return content === null ? null : { ...without(content, addedAlways), ...coverOf(projection, content) }
}

/** Returns the projection that a stored document holds. */
export const projectionOf = (kind: ObjectKind, document: ProjectionDocument): Projection => {
  const { sync } = document
  return {
    kind,
    id: document.stripe_id,
    content: sync.order === null ? null : registerOf(sync.order, payloadOf(document)),
    lists: sync.lists ?? {},
    deletedAt: sync.deleted_moment ?? null,
    createdAt: sync.created_moment ?? null,
    deletionEventAt: sync.deletion_event_moment ?? null,
    goneSince: sync.gone_moment ?? goneBefore(sync),
    links: sync.links,
    paymentTold: sync.payment_told === true,
    paymentShown: sync.payment_shown === true,
    seenAlive: sync.only_deleted !== true,
    expanded: (document.expanded as JsonObject | undefined) ?? {}, // written by documentOf
    canonical: sync.order === null ? {} : canonicalOf(kind, document),
    lastSource: sync.source,
    livemode: document.livemode,
    firstStoredAt: sync.created_at,
  }
}

// Documents of earlier releases do not tell it: of a deletion that only reads told of, the last one has to do.
const goneBefore = ({ deleted_moment, deletion_event_moment }: SyncFields): Moment | null =>
  deletion_event_moment === undefined ? (deleted_moment ?? null) : null

/** The fields of a stored document that `lentByDocument` reads. */
export const lendingFields: readonly string[] = ['sync.as_of', 'sync.own_metadata']

/** Returns the `lentMetadata` of the projection that a stored document holds. */
export const lentByDocument = ({ sync }: Pick<ProjectionDocument, 'sync'>): JsonObject | null =>
  sync.as_of === null ? null : sync.own_metadata

const tombstoneOf = (projection: Projection): { deleted?: true; deleted_at?: Date } => {
  const moment = deletionOf(projection)
  return moment === null ? {} : { deleted: true, deleted_at: dateOfMoment(moment) }
}

// Canonical fields and completed lists: everything that is shown in place of, or beside, the payload's own.
const coverOf = (projection: Projection, content: JsonObject | null): JsonObject => {
  if (content === null) return {}
  // Newer versions may not render a list at all: then none is shown.
  const lists = Object.keys(projection.lists)
    .map((name): [string, Json] => [name, shownList(name, content, projection.lists)])
    .filter(([, list]) => list !== null)
  return { ...projection.canonical, ...Object.fromEntries(lists) }
}

const hiddenUnder = (content: JsonObject | null, cover: JsonObject): Pick<SyncFields, 'own' | 'added'> => {
  if (content === null) return {}
  const hidden: string[] = []
  const added: string[] = []
  for (const key in cover) {
    if (!Object.hasOwn(content, key)) added.push(key)
    else if (isHidden(key, content, cover)) hidden.push(key)
  }
  for (const key of addedAlways) if (Object.hasOwn(content, key)) hidden.push(key)
  return {
    ...(hidden.length > 0
      ? { own: Object.fromEntries(hidden.map((key) => [key, own(content, key) ?? null])) }
      : {}),
    ...(added.length > 0 ? { added } : {}),
  }
}

// A metadata hash is in `sync.own_metadata` already.
const isHidden = (key: string, content: JsonObject, cover: JsonObject): boolean => {
  const value = own(content, key)
  return key === 'metadata' ? !isJsonObject(value) : !isEqual(value, cover[key])
}

const syncOf = (projection: Projection, now: Date): SyncFields => {
  const { content } = projection
  const payload = contentOf(projection)
  return {
    as_of: content === null ? null : dateOfMoment(content.moment),
    event_id: content === null ? null : eventIdOf(content.winner),
    source: projection.lastSource,
    api_version: content?.winner.version ?? null,
    created_at: projection.firstStoredAt ?? now,
    updated_at: now,
    own_metadata: ownMetadata(projection),
    incomplete: payload === null ? [] : incompleteLists(projection.kind, payload),
    order: content === null ? null : storedOrderOf(content),
    links: projection.links,
    ...(Object.keys(projection.lists).length > 0 ? { lists: projection.lists } : {}),
    ...(projection.deletedAt === null ? {} : { deleted_moment: projection.deletedAt }),
    ...(projection.deletionEventAt === null ? {} : { deletion_event_moment: projection.deletionEventAt }),
    ...(projection.goneSince === null ? {} : { gone_moment: projection.goneSince }),
    ...(projection.createdAt === null ? {} : { created_moment: projection.createdAt }),
    ...(projection.paymentTold ? { payment_told: true as const } : {}),
    ...(projection.paymentShown ? { payment_shown: true as const } : {}),
    ...(projection.seenAlive ? {} : { only_deleted: true as const }),
  }
}

// What Stripe tells by two events of one second, such as `invoice.paid` and `invoice.payment_succeeded`, has one content: kept
// once, the invoices of a replay take 6.0 KB in place of 9.3 (measured).
const storedOrderOf = (register: ContentRegister): StoredOrder => ({
  moment: register.moment,
  winner: register.top.indexOf(register.winner),
  top: register.top.map((entry) => {
    const { content, ...rest } = entry
    return isEqual(content, register.winner.content) ? rest : { ...rest, content }
  }),
  past: register.past,
})

const registerOf = (order: StoredOrder, payload: JsonObject): ContentRegister => {
  const top = order.top.map((entry): TopEntry => ({ content: payload, ...entry }))
  const winner = top[order.winner]
  if (winner === undefined) throw new RangeError(`sync.order.winner is ${order.winner} of ${top.length}`)
  return { moment: order.moment, winner, top, past: order.past }
}

const payloadOf = (document: ProjectionDocument): JsonObject => {
  const { sync } = document
  const hidden = new Set([...(sync.added ?? []), ...addedAlways])
  const shown = without(document as unknown as JsonObject, hidden) // without our own fields it is what Stripe sent
  const metadata = isJsonObject(own(shown, 'metadata')) ? { metadata: sync.own_metadata } : {}
  return { ...shown, ...metadata, ...sync.own }
}

const canonicalOf = (kind: ObjectKind, document: ProjectionDocument): CanonicalFields =>
  Object.fromEntries(
    (canonicalNames[kind] ?? [])
      .filter((name) => Object.hasOwn(document, name))
      .map((name) => [name, document[name] as Json]), // canonical fields are JSON
  )

// A projection: our view of one Stripe object, as a product of registers that each only move forward. The fold
// of an observation is a pure function, so any order, repetition and batching of the same observations ends equal.

import { ageOf, type ContentRegister, foldContent } from './content-register.ts'
import { type JsonObject, ownString } from './json.ts'
import { foldLists, type ListRegisters } from './list-registers.ts'
import type { ObjectKind } from './object-kinds.ts'
import { type Links, type Moment, noLinks, type Observation, type ObservationSource } from './observation.ts'

/** Canonical fields that depend on relatives, laid over the content in the stored document (canonical.ts). */
export type CanonicalFields = JsonObject

export interface Projection {
  readonly kind: ObjectKind
  readonly id: string
  /** Null until a full payload was seen (a bare deletion stub alone makes a tombstone without content). */
  readonly content: ContentRegister | null
  /** Newest complete form of each list that the winning content holds cut. */
  readonly lists: ListRegisters
  /** Newest moment of a deletion, and of a `*.created` event or a single retrieve; the later one decides. */
  readonly deletedAt: Moment | null
  readonly createdAt: Moment | null
  /** Newest moment of a deletion event; null while only a read told of the deletion. */
  readonly deletionEventAt: Moment | null
  /** When a read first told of the deletion, in this life: later ones tell of it again. Null where none did. */
  readonly goneSince: Moment | null
  /** Relatives learnt from every observation of either end. */
  readonly links: Links
  /** True once `invoice.paid` or `invoice.payment_succeeded` was seen, however stale. */
  readonly paymentTold: boolean
  /** True once a backfill showed the invoice paid, however stale: no event may ever have told of it. */
  readonly paymentShown: boolean
  /** True once anything but a deletion was seen. */
  readonly seenAlive: boolean
  readonly expanded: JsonObject
  readonly canonical: CanonicalFields
  /** Set by the source of the last write, not by order. */
  readonly lastSource: ObservationSource
  readonly livemode: boolean | null
  /** When its document was first written; null before that. */
  readonly firstStoredAt: Date | null
}

/** Tells whether the object is deleted and not revived by a later `*.created` event; deletion wins its own second. */
export const isDeleted = (projection: Pick<Projection, 'deletedAt' | 'createdAt'>): boolean =>
  projection.deletedAt !== null &&
  !(projection.createdAt !== null && projection.createdAt > projection.deletedAt)

/**
 * Returns the moment of a deletion that holds: that of the deletion event where one was seen, else of the first read that
 * told of it, of this life and no former one; null while alive.
 */
export const deletionOf = (projection: Projection): Moment | null => {
  if (!isDeleted(projection)) return null
  const { deletionEventAt, goneSince, createdAt, deletedAt } = projection
  const ofThisLife = (moment: Moment | null): boolean => moment !== null && moment >= (createdAt ?? 0)
  if (ofThisLife(deletionEventAt)) return deletionEventAt
  return ofThisLife(goneSince) ? goneSince : deletedAt
}

/** Returns the winning payload as Stripe sent it, links collapsed to ids; null when none was seen. */
export const contentOf = (projection: Projection): JsonObject | null =>
  projection.content?.winner.content ?? null

/** Returns the projection with one more observation of its object. Canonical fields are left as they were. */
export const foldObservation = (projection: Projection | null, seen: Observation): Projection => {
  const before = projection ?? emptyProjection(seen)
  const content =
    seen.content === null ? before.content : foldContent(before.content, { ...seen, content: seen.content })
  // Each field by itself, in the order of all projections: they have one shape so.
  return {
    kind: before.kind,
    id: before.id,
    content,
    lists: foldLists(before, content, seen),
    deletedAt: seen.deletes ? latest(before.deletedAt, seen.moment) : before.deletedAt,
    createdAt: seen.revives ? latest(before.createdAt, seen.moment) : before.createdAt,
    deletionEventAt:
      seen.deletes && seen.eventId !== null
        ? latest(before.deletionEventAt, seen.moment)
        : before.deletionEventAt,
    goneSince: goneSinceAfter(before, seen),
    links: mergeLinks(before.links, seen.links),
    paymentTold: before.paymentTold || seen.tellsPayment,
    paymentShown: before.paymentShown || showsPayment(seen),
    seenAlive: before.seenAlive || !seen.deletes,
    expanded: expandedAfter(before, seen),
    canonical: before.canonical,
    lastSource: seen.source,
    livemode: content?.winner.livemode ?? seen.livemode ?? before.livemode,
    firstStoredAt: before.firstStoredAt,
  }
}

const goneSinceAfter = (before: Projection, { deletes, eventId, moment }: Observation): Moment | null => {
  const { goneSince, createdAt } = before
  const reborn = createdAt ?? 0
  if (!deletes || eventId !== null || moment < reborn) return goneSince
  return goneSince === null || goneSince < reborn ? moment : Math.min(goneSince, moment)
}

const expandedAfter = (before: Projection, seen: Observation): JsonObject => {
  if (ageOf(before.content, seen.moment) === 'older' || isEmpty(seen.expanded)) return before.expanded
  return { ...before.expanded, ...seen.expanded }
}

const showsPayment = ({ kind, source, content }: Observation): boolean =>
  kind === 'invoice' && source === 'backfill' && ownString(content, 'status') === 'paid'

const isEmpty = (object: JsonObject): boolean => {
  for (const _ in object) return false
  return true
}

/** Returns the union of two sets of relatives, sorted; the first one itself when nothing is new. */
export const mergeLinks = (links: Links, more: Partial<Links>): Links => {
  const invoices = union(links.invoices, more.invoices)
  const charges = union(links.charges, more.charges)
  const subscriptions = union(links.subscriptions, more.subscriptions)
  const isNothingNew =
    invoices === links.invoices && charges === links.charges && subscriptions === links.subscriptions
  return isNothingNew ? links : { invoices, charges, subscriptions }
}

const emptyProjection = (seen: Observation): Projection => ({
  kind: seen.kind,
  id: seen.id,
  content: null,
  lists: {},
  deletedAt: null,
  createdAt: null,
  deletionEventAt: null,
  goneSince: null,
  links: noLinks,
  paymentTold: false,
  paymentShown: false,
  seenAlive: false,
  expanded: {},
  canonical: {},
  lastSource: seen.source,
  livemode: seen.livemode,
  firstStoredAt: null,
})

const latest = (known: Moment | null, moment: Moment): Moment =>
  known === null || moment > known ? moment : known

const union = (ids: readonly string[], more: readonly string[] = []): readonly string[] =>
  more.every((id) => ids.includes(id)) ? ids : [...new Set([...ids, ...more])].sort()

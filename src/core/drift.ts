// How a stored document differs from what Stripe shows of its object. Pure. The document is compared with itself after
// a fold of what was seen, as if nothing newer were known: the rules of order would call a difference stale and hide it.
// Guarantees: a document differs from no observation that it was folded from; a field that only one of two API versions
// renders is no difference, nor are `expanded`, the book-keeping in `sync`, and metadata that relatives lend.

import { canonicalNames, ownMetadata, shownMetadata } from './canonical.ts'
import { isEqual, isJsonObject, type Json, type JsonObject, own, ownObject } from './json.ts'
import { type ObjectKind, objectKinds } from './object-kinds.ts'
import type { Observation } from './observation.ts'
import { contentOf, isDeleted, type Projection } from './projection.ts'
import { type ProjectionDocument, projectionOf } from './projection-document.ts'

/** `missing`: Stripe has it and the mirror does not. `extra`: the mirror has it and Stripe no longer. */
export type DriftKind = 'missing' | 'different' | 'extra'

/** One object on which mirror and Stripe do not agree. */
export interface Drift {
  readonly account: string
  readonly collection: string
  readonly stripe_id: string
  readonly kind: DriftKind
  /** Top-level fields that differ, sorted; none unless it is `different`. */
  readonly fields: readonly string[]
}

/** An object whose document is not what it should be, as one look at both sides found. */
export interface Difference {
  readonly kind: ObjectKind
  readonly id: string
  readonly drift: 'missing' | 'different'
  /** Names of the fields that differ, sorted; none where the document is missing. */
  readonly fields: readonly string[]
  /** When the document was written last; null where there is none. */
  readonly writtenAt: Date | null
  /** A fingerprint of what Stripe shows of it: two looks that agree saw the same state. */
  readonly shows: string
}

/** Later than any moment of Stripe's clock. */
const afterAll = Number.MAX_SAFE_INTEGER

/** Returns an observation that wins over everything stored, tombstones too. */
export const asNewest = (seen: Observation): Observation => ({
  ...seen,
  moment: afterAll,
  revives: !seen.deletes,
})

/** A stored document, and the projection as it should be: folded from what Stripe shows, canonical fields included. */
export interface Compared {
  readonly document: ProjectionDocument
  readonly expected: Projection
}

/** Returns the names of the fields in which the document differs, sorted. */
export const driftedFields = (compared: Compared): readonly string[] => {
  const { document, expected } = compared
  const { kind } = expected
  const isStoredDeleted = document.deleted === true
  if (isStoredDeleted || isDeleted(expected))
    return isStoredDeleted === isDeleted(expected) ? [] : ['deleted']
  const fields = new Set([
    ...driftedContent(compared),
    ...(isDriftedMode(compared) ? ['livemode'] : []),
    ...objectKinds[kind].lists.filter((name) => isDriftedList(compared, name)),
    ...driftedLinks(compared),
    ...(isDriftedMetadata(compared) ? ['metadata'] : []),
  ])
  return [...fields].sort()
}

/** Returns the canonical fields, metadata aside, in which the document differs, sorted: relatives tell of them too. */
export const driftedLinks = ({ document, expected }: Compared): readonly string[] =>
  linkNames(expected.kind)
    .filter((name) => {
      const [shown, right] = [document[name] ?? null, own(expected.canonical, name) ?? null]
      return document.deleted !== true && !isEqual(shown, right) && !isOtherAttempt(name, shown, expected)
    })
    .sort()

const linkNames = (kind: ObjectKind): readonly string[] =>
  (canonicalNames[kind] ?? []).filter((name) => name !== 'metadata')

// Which of its charges decided an invoice follows from what is stored of the charges: where that is wrong, the charges
// are what differs.
const isOtherAttempt = (name: string, shown: unknown, { kind, links }: Projection): boolean =>
  kind === 'invoice' && name === 'charge' && typeof shown === 'string' && links.charges.includes(shown)

// A refund has none of its own: its document shows that of the key, or of the event.
const isDriftedMode = ({ document, expected }: Compared): boolean =>
  (document.livemode ?? null) !== (expected.livemode ?? null)

interface Sides {
  readonly name: string
  readonly stored: JsonObject
  readonly seen: JsonObject
  /** True where both were rendered by one API version: then a field that is absent is a difference too. */
  readonly isOneVersion: boolean
}

const driftedContent = ({ document, expected }: Compared): readonly string[] => {
  const { kind } = expected
  const before = projectionOf(kind, document)
  const [stored, seen] = [contentOf(before) ?? {}, contentOf(expected) ?? {}]
  const isOneVersion = before.content?.winner.version === expected.content?.winner.version
  const elsewhere = new Set([...(canonicalNames[kind] ?? []), ...objectKinds[kind].lists, 'metadata'])
  return [...new Set([...Object.keys(stored), ...Object.keys(seen)])]
    .filter((name) => !elsewhere.has(name))
    .filter((name) => isDriftedField({ name, stored, seen, isOneVersion }))
}

const isDriftedField = ({ name, stored, seen, isOneVersion }: Sides): boolean => {
  if (isOneVersion) return !isEqual(own(stored, name) ?? null, own(seen, name) ?? null)
  if (!Object.hasOwn(stored, name) || !Object.hasOwn(seen, name)) return false
  // Since basil payments out of band are counted: https://docs.stripe.com/changelog/basil
  if (name === 'amount_paid' && [stored, seen].some((side) => own(side, 'paid_out_of_band') === true))
    return false
  return !isAlike(own(stored, name), own(seen, name))
}

// A list that came cut tells nothing of its rest, and one that was not asked for nothing at all.
const isDriftedList = ({ document, expected }: Compared, name: string): boolean => {
  const seen = ownObject(contentOf(expected), name)
  if (seen === null || own(seen, 'has_more') === true) return false
  const version = document.sync.api_version
  const isOneVersion = version === expected.content?.winner.version
  const stored = document[name]
  if (!isJsonObject(stored)) return isOneVersion
  const compare = isOneVersion ? isEqual : isAlike
  return !compare(own(stored as JsonObject, 'data'), own(seen, 'data')) // what is stored of a payload is JSON
}

// What relatives lend is compared where there are none: the document shows its own and nothing else. Elsewhere what
// is lent depends on relatives that may differ themselves, and are named then.
const isDriftedMetadata = ({ document, expected }: Compared): boolean => {
  const right = ownMetadata(expected)
  if (!isEqual(document.sync.own_metadata, right)) return true
  const shown: unknown = document.metadata ?? {}
  if (!isJsonObject(shown)) return true
  const { invoices, subscriptions } = expected.links
  const mayInherit = expected.kind === 'charge' ? invoices.length > 0 : subscriptions.length > 0
  if (!mayInherit) return !isEqual(shown, shownMetadata(expected))
  return Object.keys(right).some((key) => !isEqual(own(shown as JsonObject, key), right[key])) // as above
}

/** Compares two renderings of one value by two API versions: only what both have. */
const isAlike = (left: Json | undefined, right: Json | undefined): boolean => {
  if (Array.isArray(left) && Array.isArray(right))
    return left.length === right.length && left.every((item, index) => isAlike(item, right[index]))
  if (!isJsonObject(left) || !isJsonObject(right)) return isEqual(left, right)
  return Object.keys(left)
    .filter((key) => Object.hasOwn(right, key))
    .every((key) => {
      const [one, other] = [own(left, key), own(right, key)]
      return key === 'metadata' ? isEqual(one, other) : isAlike(one, other)
    })
}

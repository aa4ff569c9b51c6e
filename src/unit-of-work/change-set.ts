// What a batch writes: each changed document once. Projections are billing-sync's own: one whose object says something
// new is replaced whole. Of one that says the same once more or only learnt of a relative, and of the documents of the CRM
// and the Support desk, which belong to others too, the fields that differ are set or unset.

import { eventIdOf } from '../core/content-register.ts'
import { isEqual, isJsonObject } from '../core/json.ts'
import type { NoticeDraft } from '../core/notice.ts'
import { type ObjectKind, objectKinds } from '../core/object-kinds.ts'
import { contentOf, isDeleted, type Projection } from '../core/projection.ts'
import { documentOf, type ProjectionDocument } from '../core/projection-document.ts'
import { visibleOf } from '../core/visible.ts'
import { deskTables } from './desk-entities.ts'
import type { Slot } from './overlay.ts'
import type { StoredDocument, WorkCollection } from './reader.ts'
import type { DeskEntity, UnitOfWork } from './unit-of-work.ts'

/** One write; `update` names dotted paths that billing-sync owns. */
export type Write =
  | { readonly kind: 'insert'; readonly collection: WorkCollection; readonly document: StoredDocument }
  | { readonly kind: 'replace'; readonly collection: WorkCollection; readonly document: StoredDocument }
  | {
      readonly kind: 'update'
      readonly collection: WorkCollection
      readonly id: unknown
      readonly set: Readonly<Record<string, unknown>>
      readonly unset: readonly string[]
    }

export interface ChangeSet {
  readonly writes: readonly Write[]
  /** One per document that changed for those who see it. */
  readonly notices: readonly NoticeDraft[]
}

/** Returns the writes and notices of everything the unit of work has put. */
export const changeSetOf = (work: UnitOfWork): ChangeSet => {
  const changes = [...projectionChanges(work), ...deskChanges(work)]
  return {
    writes: changes.map(({ write }) => write),
    notices: changes.map(({ notice }) => notice).filter((notice) => notice !== null),
  }
}

/** Tells whether two states of one slot differ for those who see its document: not in book-keeping alone. */
export const isVisiblyChanged = (before: unknown, now: unknown): boolean => {
  if (before === now) return false
  if (isProjection(now) && (before === null || isProjection(before))) {
    return before === null || !isEqual(visibleOf(before), visibleOf(now))
  }
  return before === null || now === null || !isSeenAlike(before as DeskEntity, now as DeskEntity) // there is no third kind
}

// Of a contact, what it remembers for billing-sync and when it was written; no other document has these of us.
const isSeenAlike = (before: DeskEntity, now: DeskEntity): boolean =>
  isEqual({ ...before, sync: null, updated_at: null }, { ...now, sync: null, updated_at: null })

interface Change {
  readonly write: Write
  readonly notice: NoticeDraft | null
}

function* projectionChanges(work: UnitOfWork): Iterable<Change> {
  for (const [kind, overlay] of Object.entries(work.projections) as [
    ObjectKind,
    UnitOfWork['projections'][ObjectKind],
  ][]) {
    for (const slot of overlay.changedSlots()) {
      const change = projectionChange(work, kind, slot)
      if (change !== null) yield change
    }
  }
}

const projectionChange = (
  work: UnitOfWork,
  kind: ObjectKind,
  { before, now }: Slot<Projection>,
): Change | null => {
  // Who saw an object last is no change of the object.
  if (
    now === null ||
    (before !== null && isEqual({ ...before, lastSource: null }, { ...now, lastSource: null }))
  )
    return null
  const { collection } = objectKinds[kind]
  return {
    write: projectionWrite(work, collection, { before, now }),
    notice: isVisiblyChanged(before, now) ? projectionNotice(kind, before, now) : null,
  }
}

const projectionWrite = (
  work: UnitOfWork,
  collection: WorkCollection,
  { before, now }: { readonly before: Projection | null; readonly now: Projection },
): Write => {
  const document = documentOf(work.account.id, now, work.now)
  if (before === null) return { kind: 'insert', collection, document }
  const differences =
    before.content !== null && contentOf(before) === contentOf(now)
      ? fieldsThatDiffer(work.documentRead(before) ?? documentOf(work.account.id, before, work.now), document)
      : null
  return differences === null
    ? { kind: 'replace', collection, document }
    : { kind: 'update', collection, id: document._id, ...differences }
}

type Differences = Pick<Extract<Write, { kind: 'update' }>, 'set' | 'unset'>

// A charge of 3 KB that learns its invoice changes by 100 bytes: written whole, such documents were a sixth of what a backfill
// of all lists sends, and a second backfill took 1.2 times as long and twice of mongod's processor time (measured).
// What is stored is compared, not what was read out of it: somebody else may have written what is read past.
// Null where a field is new: it would come last, and what a document is must not hang on the way there.
// The source is set always: a batch whose commit is under way may have seen another one, and not written it.
const fieldsThatDiffer = (before: ProjectionDocument, now: ProjectionDocument): Differences | null => {
  const shown = topDifferences(before, now, '')
  const sync = topDifferences({ ...before.sync }, { ...now.sync }, 'sync.')
  if (shown === null || sync === null) return null
  return {
    set: {
      ...shown.set,
      ...sync.set,
      'sync.source': now.sync.source,
      'sync.updated_at': now.sync.updated_at,
    },
    unset: [...shown.unset, ...sync.unset],
  }
}

const topDifferences = (
  before: Readonly<Record<string, unknown>>,
  now: Readonly<Record<string, unknown>>,
  path: string,
): Differences | null => {
  // `sync` is compared field by field itself.
  const changed = Object.keys(now).filter(
    (key) => key !== 'sync' && !isEqual(ownValue(before, key), now[key]),
  )
  if (changed.some((key) => !Object.hasOwn(before, key))) return null
  const gone = Object.keys(before).filter((key) => !Object.hasOwn(now, key))
  if (!gone.every(isPathName)) return null
  return {
    set: Object.fromEntries(changed.map((key) => [`${path}${key}`, now[key]])),
    unset: gone.map((key) => `${path}${key}`),
  }
}

const projectionNotice = (kind: ObjectKind, before: Projection | null, now: Projection): NoticeDraft => {
  const died = isDeleted(now) && (before === null || !isDeleted(before))
  const verb = died ? 'deleted' : before === null ? 'created' : 'updated'
  return {
    kind: `${kind}.${verb}`,
    collection: objectKinds[kind].collection,
    stripe_id: now.id,
    event_id: now.content === null ? null : eventIdOf(now.content.winner),
  }
}

function* deskChanges(work: UnitOfWork): Iterable<Change> {
  for (const [name, noun] of Object.entries(deskNouns) as [keyof typeof deskTables, string][]) {
    const { collection } = deskTables[name]
    for (const { before, now } of work[name].changedSlots()) {
      // A contact may change within a batch and back again: that it was written is then no change of it.
      if (now === null || (before !== null && isEqual(before, { ...now, updated_at: before.updated_at })))
        continue
      const kind = `${noun}.${before === null ? 'created' : 'updated'}` as const
      yield {
        write:
          before === null ? { kind: 'insert', collection, document: now } : updateOf(collection, before, now),
        notice: isVisiblyChanged(before, now) ? { kind, collection, stripe_id: null, event_id: null } : null,
      }
    }
  }
}

const deskNouns: Readonly<Record<keyof typeof deskTables, string>> = {
  contacts: 'contact',
  conversations: 'conversation',
  rooms: 'room',
  messages: 'message',
  accounts: 'account',
}

const updateOf = (collection: WorkCollection, before: DeskEntity, now: DeskEntity): Write => {
  const set: Record<string, unknown> = {}
  const unset: string[] = []
  collectDifferences({ before, now, path: '', set, unset })
  return { kind: 'update', collection, id: now._id, set, unset }
}

// Descends only where both sides are hashes whose keys can stand in a path; others are set as a whole.
const collectDifferences = (walk: {
  readonly before: Readonly<Record<string, unknown>>
  readonly now: Readonly<Record<string, unknown>>
  readonly path: string
  readonly set: Record<string, unknown>
  readonly unset: string[]
}): void => {
  for (const key of new Set([...Object.keys(walk.before), ...Object.keys(walk.now)])) {
    const path = walk.path === '' ? key : `${walk.path}.${key}`
    const [before, now] = [ownValue(walk.before, key), ownValue(walk.now, key)]
    if (isEqual(before, now)) continue
    if (now === undefined) walk.unset.push(path)
    else if (isWalkable(before) && isWalkable(now)) collectDifferences({ ...walk, before, now, path })
    else walk.set[path] = now
  }
}

// A key such as `constructor` is absent where it is only inherited.
const ownValue = (object: Readonly<Record<string, unknown>>, key: string): unknown =>
  Object.hasOwn(object, key) ? object[key] : undefined

// A mapping may copy a whole hash of the customer, and strangers name the keys of `metadata`.
const isWalkable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  isJsonObject(value) && Object.keys(value).every(isPathName)

const isPathName = (key: string): boolean => /^[^$.\0][^.\0]*$/.test(key) && key.isWellFormed()

const isProjection = (value: unknown): value is Projection =>
  typeof value === 'object' && value !== null && 'links' in value && 'canonical' in value

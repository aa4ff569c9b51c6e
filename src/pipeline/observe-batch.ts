// The main path of what is read from Stripe's lists: a batch of reads of one account becomes documents the same way
// as a batch of events does in pipeline.ts, in one transaction with the positions that it brings forward.
// Guarantee: a read never wins over a document that was written after it was sent; such an object is named, to be
// read once more, and nothing of the batch is written.

import { earliestWallMs, type Instant, readClocks } from '../clocks.ts'
import type { ConnectionState } from '../core/connection.ts'
import { ageOf } from '../core/content-register.ts'
import { failureOf, type Outcome } from '../core/inbox-row.ts'
import { isEqual } from '../core/json.ts'
import type { NoticeDraft } from '../core/notice.ts'
import { type ObjectKind, objectKinds } from '../core/object-kinds.ts'
import { momentOfRead, type Observation } from '../core/observation.ts'
import { contentOf } from '../core/projection.ts'
import { documentId } from '../core/projection-document.ts'
import { assertStorable } from '../core/storable.ts'
import { isRetryable } from '../errors.ts'
import { noteConnection } from '../handlers/accounts.ts'
import { listHandlers } from '../handlers/registry.ts'
import type {
  Commit,
  EntryOutcome,
  OpenAccount,
  PipelineStore,
  PositionUpdate,
} from '../ports/pipeline-store.ts'
import { changeSetOf, isVisiblyChanged } from '../unit-of-work/change-set.ts'
import { preload } from '../unit-of-work/preload.ts'
import { type Effects, UnitOfWork } from '../unit-of-work/unit-of-work.ts'
import { namingWrites } from './unfinished.ts'

/** An object that was read, and when. */
export interface SeenObject {
  readonly observation: Observation
  /** When it was asked for. */
  readonly sentAt: Instant
  /** Commits of this very writer between the number that the read is stamped with and now. */
  readonly ownCommitsSince: number
  /** True where it was read once more already. */
  readonly isReadAgain?: true
}

/** What is handled at once. */
export interface SeenBatch {
  readonly seen: readonly SeenObject[]
  readonly positions: readonly PositionUpdate[]
  /** What the account's answers tell of its connection. */
  readonly connection?: { readonly state: ConnectionState; readonly unixSeconds: number }
}

export interface ObserveOptions {
  readonly store: PipelineStore
  readonly effects: Effects
  readonly now: () => Date
}

/** What came of a batch. */
export type ObservedBatch =
  | {
      readonly kind: 'committed'
      /** One per object, in their order. */
      readonly outcomes: readonly EntryOutcome[]
      readonly notices: readonly NoticeDraft[]
      /** The account's sequence number before and after the batch. */
      readonly seqBefore: number
      readonly seq: number
      /** True where something is left to be done: the positions have not moved yet. */
      readonly defers: boolean
    }
  /** Objects whose documents were written since they were read. */
  | { readonly kind: 'overtaken'; readonly objects: readonly { kind: ObjectKind; id: string }[] }

/** A batch that is handled in memory and not committed yet. */
export interface FoldedBatch {
  readonly kind: 'folded'
  readonly opened: OpenAccount
  readonly work: UnitOfWork
  readonly result: Omit<Extract<ObservedBatch, { kind: 'committed' }>, 'seq'>
  /** Null where there is nothing to be written. */
  readonly commit: Commit | null
}

/**
 * Handles a batch of reads and commits it, or returns null when another writer of the account was faster: nothing is
 * written then, and the caller tries again.
 */
export const observeBatch = async (
  account: string,
  batch: SeenBatch,
  options: ObserveOptions,
): Promise<ObservedBatch | null> => {
  const folded = await foldBatch(account, batch, options)
  return folded.kind === 'folded' ? commitFolded(folded, options) : folded
}

/**
 * Handles a batch of reads in memory.
 * @param after a batch of the account whose commit is under way: only once that went through may this one be committed
 */
export const foldBatch = async (
  account: string,
  { seen, positions, connection }: SeenBatch,
  options: ObserveOptions,
  after?: FoldedBatch,
): Promise<FoldedBatch | Extract<ObservedBatch, { kind: 'overtaken' }>> => {
  const opened = after === undefined ? await options.store.openAccount(account) : openedAfter(after)
  const now = options.now()
  const { settings, reader, seq: seqBefore } = opened
  const unfinished = opened.unfinished.map(({ subscription }) => subscription)
  const work = new UnitOfWork({
    ...{ account: settings, effects: options.effects, now, reader, unfinished },
    ...(after === undefined ? {} : { after: after.work }),
  })
  await preload(
    work,
    seen.map(({ observation }) => observation),
  )
  const objects = await overtakenObjects(work, opened, seen)
  if (objects.length > 0) return { kind: 'overtaken', objects }
  if (connection !== undefined)
    await noteConnection(work, connection.state, momentOfRead(connection.unixSeconds))
  const outcomes = await handleAll(work, seen)
  const { writes: changes, notices } = changeSetOf(work)
  const defers = work.awaiting > 0
  const writes = [...changes, ...namingWrites(opened, work.deferred)]
  const moved = defers ? [] : countFailed(positions, failedOf(seen, outcomes))
  const commit = { account, seq: seqBefore, now, writes, notices, settlements: [], positions: moved }
  const result = { kind: 'committed', outcomes, notices, seqBefore, defers } as const
  return { kind: 'folded', opened, work, result, commit: writes.length + moved.length === 0 ? null : commit }
}

/** Commits a folded batch, or returns null as `observeBatch` does. */
export const commitFolded = async (
  folded: FoldedBatch,
  { store }: Pick<ObserveOptions, 'store'>,
): Promise<ObservedBatch | null> => {
  const { result, commit } = folded
  const isThere = commit === null || (await store.commit(commit))
  return isThere ? { ...result, seq: seqAfter(folded) } : null
}

/** Returns the positions with the objects counted that failed: a run that goes on would take its lists for good. */
export const countFailed = (
  positions: readonly PositionUpdate[],
  failed: readonly SeenObject[],
): readonly PositionUpdate[] =>
  positions.map((position) => {
    const own = failed.filter(({ observation }) => observation.kind === position.kind)
    return { ...position, failed: position.failed + own.length }
  })

/** Returns the objects that failed. */
export const failedOf = (
  seen: readonly SeenObject[],
  outcomes: readonly EntryOutcome[],
): readonly SeenObject[] => seen.filter((_, index) => outcomes[index]?.outcome === 'failed')

// Its reader may answer with what the earlier batch found or with what it left: the work has the latter for both.
const openedAfter = (folded: FoldedBatch): OpenAccount => ({ ...folded.opened, seq: seqAfter(folded) })

/** Returns the account's sequence number once a batch is committed. */
export const seqAfter = ({ result, commit }: FoldedBatch): number =>
  commit === null ? result.seqBefore : result.seqBefore + 1

const handleAll = async (work: UnitOfWork, seen: readonly SeenObject[]): Promise<readonly EntryOutcome[]> => {
  const outcomes: EntryOutcome[] = []
  for (const [index, { observation }] of seen.entries()) {
    if (index % objectsPerTurn === objectsPerTurn - 1) await nextTurn()
    outcomes.push(await handle(work, observation))
  }
  return outcomes
}

/** Objects handled before answers of Stripe get their turn: one that is noticed late keeps its request's place taken. */
const objectsPerTurn = 25

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

// As in pipeline.ts: what one object throws takes back its own changes only.
const handle = async (work: UnitOfWork, observation: Observation): Promise<EntryOutcome> => {
  const savepoint = work.savepoint()
  try {
    assertStorable(observation)
    const before = await work.projections[observation.kind].get(observation.id)
    await listHandlers[observation.kind](work, observation)
    const changed = [...work.changedSince(savepoint)].some(([slot, was]) => isVisiblyChanged(was, slot.now))
    if (changed) return outcome('applied')
    return outcome(ageOf(before?.content ?? null, observation.moment) === 'older' ? 'stale' : 'unchanged')
  } catch (error) {
    if (isRetryable(error)) throw error
    work.rollback(savepoint)
    return { outcome: 'failed', failure: failureOf(error) }
  }
}

const outcome = (word: Exclude<Outcome, 'failed'>): EntryOutcome => ({ outcome: word, failure: null })

// Only where others committed since, and only of documents that say something else, the time of writing is asked for.
const overtakenObjects = async (
  work: UnitOfWork,
  { reader, seq }: OpenAccount,
  seen: readonly SeenObject[],
): Promise<readonly { kind: ObjectKind; id: string }[]> => {
  const overtaken: { kind: ObjectKind; id: string }[] = []
  for (const { observation, ownCommitsSince, isReadAgain, sentAt } of seen) {
    const { kind, id, readSeq, content, moment } = observation
    if (isReadAgain === true || seq - (readSeq ?? seq) <= ownCommitsSince) continue
    const stored = await work.projections[kind].get(id)
    if (stored?.content == null || ageOf(stored.content, moment) === 'older') continue
    if (isEqual(contentOf(stored), content)) continue
    const [document] = await reader.byDocumentIds(objectKinds[kind].collection, [
      documentId(work.account.id, id),
    ])
    if (writtenAt(document).getTime() >= earliestWallMs(sentAt, readClocks())) overtaken.push({ kind, id })
  }
  return overtaken
}

const beginning = new Date(0)

const writtenAt = (document: Readonly<Record<string, unknown>> | undefined): Date => {
  const sync: unknown = document?.sync
  const time = typeof sync === 'object' && sync !== null && 'updated_at' in sync ? sync.updated_at : null
  return time instanceof Date ? time : beginning
}

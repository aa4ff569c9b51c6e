// Everything around one batch of reads: trouble that passes is waited out, what was overtaken is read once more, and
// an object that can't be committed never takes the others of its batch with it.

import { setTimeout as wait } from 'node:timers/promises'
import { readClocks } from '../clocks.ts'
import { failureOf } from '../core/inbox-row.ts'
import { interruption } from '../core/interruption.ts'
import type { NoticeDraft } from '../core/notice.ts'
import { BillingSyncError } from '../errors.ts'
import {
  type EntryOutcome,
  type PipelineStore,
  type ReadObjects,
  type ReadResult,
  readKey,
} from '../ports/pipeline-store.ts'
import { finishInheritance } from './finish-inheritance.ts'
import { holdingAfterLoss } from './hold-account.ts'
import {
  commitFolded,
  countFailed,
  type FoldedBatch,
  failedOf,
  type ObservedBatch,
  type ObserveOptions,
  observeBatch,
  type SeenBatch,
  type SeenObject,
} from './observe-batch.ts'
import { isRefusal, mayGoInParts, type Patience, patiently, reloadingOnce } from './patience.ts'

export interface ObservationHandling extends ObserveOptions, Pick<Patience, 'onWaiting' | 'endSignal'> {
  /** Reads objects one by one: those whose document was written since a list showed them. */
  readonly readObjects: ReadObjects
  /** Told of every commit lost to another writer. */
  readonly onLostCommit: () => void
  /** From 0 up to 1. */
  readonly random: () => number
  /** Ends a rest that is taken for others. What is begun goes on: a position moves only after all that its page led to. */
  readonly restSignal?: AbortSignal
}

/** What is handled at once, and the account's sequence number as this writer left it. */
export interface StampedBatch extends SeenBatch {
  readonly lastSeq: number
  /** True where others commit all the time: it is handled in small parts, each with the account held for it. */
  readonly isCrowded?: boolean
}

/** A committed batch. */
export interface HandledObservations {
  /** One per object, in their order. */
  readonly outcomes: readonly EntryOutcome[]
  readonly notices: readonly NoticeDraft[]
  /** The account's sequence number after the batch, and the number of this writer's commits for it. */
  readonly seq: number
  readonly commits: number
  /** True where another writer committed since the number given. */
  readonly hadOthers: boolean
  /** True where nothing was committed but the batch as it had been folded before. */
  readonly asFolded: boolean
  /** Milliseconds of the last attempt, for which others waited, and did not get a rest yet. */
  readonly attemptMs: number
}

/**
 * Handles a batch of reads of one account. Rejects with `mongodb_unavailable` or `account_busy` after a minute, with
 * `backfill_superseded` where another run has taken a position over.
 * @param folded the batch as it was folded already: its commit is tried first
 */
export const handleObservations = (
  account: string,
  batch: StampedBatch,
  options: ObservationHandling,
  folded: FoldedBatch | null = null,
): Promise<HandledObservations> =>
  batch.isCrowded === true && options.store.hold !== undefined
    ? handleInParts(account, batch, { objects: objectsBesideOthers, options })
    : handleAtOnce(account, batch, { options, folded })

/** Objects that are committed at once beside others, who wait for as long: 27 ms for 100, 10 for 30 (161 and 65 at p99). */
const objectsBesideOthers = 12

/**
 * After such a commit others are left alone for so many times as long as it took, up to a second. At p99 a served event's
 * commit beside a backfill took 1.5 to 2.4 times as long as alone; with 3 it took 4.2 times, and the backfill was no faster.
 */
const restTimes = 6
const longestRestMs = 1_000

interface AtOnce {
  readonly options: ObservationHandling
  readonly folded: FoldedBatch | null
}

const handleAtOnce = async (
  account: string,
  batch: StampedBatch,
  atOnce: AtOnce,
): Promise<HandledObservations> => {
  const { options } = atOnce
  const tried = await tryAtOnce(account, batch, atOnce)
  if (tried === 'lost') {
    options.onLostCommit()
    return handleObservations(account, { ...batch, isCrowded: true }, options)
  }
  return 'kind' in tried ? readAgain(account, { batch, overtaken: tried }, options) : tried
}

/** Objects of a batch that were written since they were read: nothing of the batch was committed. */
type Overtaken = Extract<ObservedBatch, { kind: 'overtaken' }>

/** Answers `lost` where a large batch was lost to another writer: it goes on in parts. */
const tryAtOnce = async (
  account: string,
  batch: StampedBatch,
  { options, folded }: AtOnce,
): Promise<HandledObservations | Overtaken | 'lost'> => {
  const { isCrowded = false } = batch
  const isLarge = options.store.hold !== undefined && batch.seen.length > objectsBesideOthers
  let attempts = 0
  let begunMs = 0
  const attempt = async (store: PipelineStore): Promise<ObservedBatch | 'lost' | null> => {
    attempts += 1
    begunMs = performance.now()
    const observed = await (folded !== null && attempts === 1
      ? commitFolded(folded, { store })
      : observeBatch(account, batch, { ...options, store }))
    return observed ?? (isLarge ? 'lost' : null)
  }
  const made = holdingAfterLoss({ account, store: options.store, attempt, isCrowded })
  try {
    const observed = await patiently(reloadingOnce(made), {
      ...options,
      isDivisible: batch.seen.length > 1,
    })
    if (observed === 'lost' || observed.kind === 'overtaken') return observed
    const attemptMs = performance.now() - begunMs
    const { outcomes, notices, seq, seqBefore, defers } = observed
    const hadOthers = seqBefore !== batch.lastSeq
    const asFolded = folded !== null && attempts === 1 && !defers
    const handled = { outcomes, notices, seq, commits: seq - seqBefore, hadOthers, asFolded, attemptMs }
    return defers ? await finish(account, { batch, handled }, options) : handled
  } catch (error) {
    const isTooHeavy = error instanceof BillingSyncError && error.code === 'commit_too_heavy'
    // Which object it was that the store refused shows when each is alone.
    if (batch.seen.length > 1 && (isRefusal(error) || mayGoInParts(error)))
      return handleInParts(account, batch, { objects: 1, options })
    if (!isTooHeavy && !isRefusal(error)) throw error
    return refuse(account, { batch, error }, options)
  }
}

// The positions move once nothing is left to be done: a run that dies before that reads the page again.
const finish = async (
  account: string,
  { batch, handled }: { readonly batch: StampedBatch; readonly handled: HandledObservations },
  options: ObservationHandling,
): Promise<HandledObservations> => {
  const finished = await finishInheritance(account, options)
  const lastSeq = handled.seq + finished.commits
  const positions = countFailed(batch.positions, failedOf(batch.seen, handled.outcomes))
  const moved = await handleObservations(account, { ...batch, seen: [], positions, lastSeq }, options)
  return {
    outcomes: handled.outcomes,
    notices: [...handled.notices, ...finished.notices],
    seq: moved.seq,
    commits: handled.commits + finished.commits + moved.commits,
    hadOthers: handled.hadOthers || moved.hadOthers,
    asFolded: false,
    attemptMs: handled.attemptMs,
  }
}

// What an object says now takes the place of what the list said of it.
const readAgain = async (
  account: string,
  { batch, overtaken }: { readonly batch: StampedBatch; readonly overtaken: Overtaken },
  options: ObservationHandling,
): Promise<HandledObservations> => {
  const sentAt = readClocks()
  const opened = await patiently(() => options.store.openAccount(account), options)
  const requests = overtaken.objects.map((object) => ({ ...object, afterSecond: 0 }))
  const reads = await options.readObjects(opened, requests)
  const resultOf = ({ observation }: SeenObject): ReadResult | undefined => reads.get(readKey(observation))
  // The page's position stays where it is: the next run reads it anew.
  if ([...reads.values()].some(isCutOff)) throw interruption(account)
  const replaced = batch.seen.flatMap((seen): readonly SeenObject[] => {
    const result = resultOf(seen)
    if (result === undefined) return [seen]
    if (result.kind !== 'seen') return []
    return result.observations.map((observation) => ({
      observation,
      sentAt,
      ownCommitsSince: 0,
      isReadAgain: true,
    }))
  })
  const unread = batch.seen.filter((seen) => isUnread(resultOf(seen)))
  const positions = countFailed(batch.positions, unread)
  const handled = await handleObservations(account, { ...batch, seen: replaced, positions }, options)
  return { ...handled, outcomes: outcomesOf(batch.seen.map(resultOf), handled.outcomes), hadOthers: true }
}

const isCutOff = (result: ReadResult): boolean => result.kind === 'waiting' && result.isCutOff === true

const isUnread = (result: ReadResult | undefined) => result?.kind === 'waiting' || result?.kind === 'refused'

// The first of the observations that a read made is of the object itself.
const outcomesOf = (
  results: readonly (ReadResult | undefined)[],
  handled: readonly EntryOutcome[],
): readonly EntryOutcome[] => {
  const rest = [...handled]
  return results.map((result) => {
    if (result?.kind === 'waiting' || result?.kind === 'refused')
      return { outcome: 'failed', failure: result.failure }
    if (result !== undefined && result.kind !== 'seen') return { outcome: 'unchanged', failure: null }
    const [own] = rest.splice(0, result?.observations.length ?? 1)
    return own ?? { outcome: 'unchanged', failure: null }
  })
}

interface Parts {
  /** Objects of each. */
  readonly objects: number
  readonly options: ObservationHandling
}

// The position moves with the last of them: those before it are read again should the process die in between.
const handleInParts = async (
  account: string,
  batch: StampedBatch,
  { objects, options }: Parts,
): Promise<HandledObservations> => {
  const handled: HandledObservations[] = []
  const failed: SeenObject[] = []
  let { lastSeq } = batch
  let commits = 0
  for (const part of partsOf(batch.seen, objects)) {
    const isLast = part.at(-1) === batch.seen.at(-1)
    // What an earlier part wrote is nobody else's news.
    const seen = part.map((one) => ({ ...one, ownCommitsSince: one.ownCommitsSince + commits }))
    const stamped = { ...batch, seen, lastSeq, positions: isLast ? countFailed(batch.positions, failed) : [] }
    const one = await handleAtOnce(account, stamped, { options, folded: null })
    handled.push(one)
    failed.push(...failedOf(part, one.outcomes))
    lastSeq = one.seq
    commits += one.commits
    if (batch.isCrowded === true) await rest(one.attemptMs, options)
  }
  return {
    outcomes: handled.flatMap(({ outcomes }) => outcomes),
    notices: handled.flatMap(({ notices }) => notices),
    seq: lastSeq,
    commits,
    hadOthers: handled.some(({ hadOthers }) => hadOthers),
    asFolded: false,
    attemptMs: batch.isCrowded === true ? 0 : (handled.at(-1)?.attemptMs ?? 0),
  }
}

const rest = async (
  attemptMs: number,
  { restSignal: signal }: Pick<ObservationHandling, 'restSignal'>,
): Promise<void> => {
  const ms = Math.min(longestRestMs, restTimes * attemptMs)
  await wait(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
}

// At least one, be it empty: a position moves without objects, too.
const partsOf = (seen: readonly SeenObject[], objects: number): readonly (readonly SeenObject[])[] =>
  Array.from({ length: Math.max(1, Math.ceil(seen.length / objects)) }, (_, part) =>
    seen.slice(part * objects, (part + 1) * objects),
  )

const refuse = async (
  account: string,
  { batch, error }: { readonly batch: StampedBatch; readonly error: BillingSyncError },
  options: ObservationHandling,
): Promise<HandledObservations> => {
  const positions = countFailed(batch.positions, batch.seen)
  const handled = await handleObservations(account, { ...batch, seen: [], positions }, options)
  return { ...handled, outcomes: batch.seen.map(() => ({ outcome: 'failed', failure: failureOf(error) })) }
}

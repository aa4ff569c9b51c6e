// THE MAIN PATH. A batch of events of one account becomes documents:
//
//   (read from Stripe →) open account → normalise → handle → change set → commit → outcomes
//
// Between reading the account's sequence number and the commit everything happens in memory, with no transaction
// open but that of an account which is held (hold-account.ts). Guarantee: the projections, contacts, messages, notices
// and settled inbox rows of a batch appear together or not at all. An attempt that loses its commit to another writer is
// thrown away whole and made again.

import { type Age, ageOf } from '../core/content-register.ts'
import {
  failureOf,
  freshRow,
  type InboxState,
  type Outcome,
  type Settlement,
  settle,
  settleFailure,
} from '../core/inbox-row.ts'
import type { NoticeDraft } from '../core/notice.ts'
import { momentOfEvent, momentOfRead, type Observation, type ObservationSource } from '../core/observation.ts'
import { assertStorable } from '../core/storable.ts'
import { isRetryable } from '../errors.ts'
import { noteConnection } from '../handlers/accounts.ts'
import { readHandlers } from '../handlers/registry.ts'
import {
  type EntryOutcome,
  type InboxEntry,
  type PipelineStore,
  type ReadResult,
  type Reads,
  type RowSettlement,
  readKey,
} from '../ports/pipeline-store.ts'
import { changeSetOf, isVisiblyChanged } from '../unit-of-work/change-set.ts'
import { preload } from '../unit-of-work/preload.ts'
import { type Effects, type Savepoint, UnitOfWork } from '../unit-of-work/unit-of-work.ts'
import {
  type Meaning,
  meaningAfter,
  meaningOf,
  readsAfter,
  requestsAfter,
  requestsOf,
} from './event-meaning.ts'
import { namingWrites } from './unfinished.ts'

export interface PipelineOptions {
  readonly store: PipelineStore
  readonly source: ObservationSource
  readonly effects: Effects
  /** Events of the other mode are ignored; null takes both. */
  readonly livemode: boolean | null
  /** What was read from Stripe for this batch; without it payloads are taken as they are. */
  readonly reads?: Reads
  readonly now: () => Date
  /** From 0 up to 1. */
  readonly random: () => number
  /** Asked before each event, where the process has others to answer: lets them go first, null where none has waited long. */
  readonly rest?: () => Promise<void> | null
}

/** A committed batch. */
export interface CommittedBatch {
  /** One per entry, in their order. */
  readonly outcomes: readonly EntryOutcome[]
  /** What changed, one per document. */
  readonly notices: readonly NoticeDraft[]
}

/** What Stripe shows now of the objects that a batch is about; empty where Stripe is not asked. */
export const noReads: Reads = new Map()

/**
 * Handles a batch of one account's events and commits it, or returns null when another writer of the account was
 * faster: nothing is written then, and the caller tries again.
 */
export const runBatch = async (
  account: string,
  entries: readonly InboxEntry[],
  options: PipelineOptions,
): Promise<CommittedBatch | null> => {
  const opened = await options.store.openAccount(account)
  const { effects, now: clock, reads = noReads } = options
  const now = clock()
  const unfinished = opened.unfinished.map(({ subscription }) => subscription)
  const work = new UnitOfWork({ account: opened.settings, effects, now, reader: opened.reader, unfinished })
  const informed = entries.map(({ event }) => informedBy(reads, meaningOf(event, options)))
  if (!opened.parked) await preload(work, observationsIn(informed, reads))
  const outcomes: EntryOutcome[] = []
  for (const entry of informed) {
    const resting = options.rest?.() ?? null
    if (resting !== null) await resting
    outcomes.push(opened.parked ? outcome('parked') : await handle(work, entry))
  }
  const changes = changeSetOf(work)
  const settlements = settlementsOf(entries, outcomes, { now, random: options.random })
  const { notices } = changes
  const writes = [...changes.writes, ...namingWrites(opened, work.deferred)]
  if (writes.length + settlements.length === 0) return { outcomes, notices }
  const commit = { account, seq: opened.seq, now, writes, notices, settlements }
  const committed = await options.store.commit(commit)
  return committed ? { outcomes, notices } : null
}

const outcome = (word: Exclude<Outcome, 'failed'>): EntryOutcome => ({ outcome: word, failure: null })

/** An event with what was read for it. */
interface Informed {
  readonly meaning: Meaning
  readonly results: readonly ReadResult[]
}

const informedBy = (reads: Reads, told: Meaning): Informed => {
  if (reads.size === 0) return { meaning: told, results: [] }
  const requests = [...requestsOf(told), ...requestsAfter(told, reads)]
  const results = requests.flatMap((request) => reads.get(readKey(request)) ?? [])
  return { meaning: meaningAfter(told, results), results: readsAfter(told, results) }
}

const observationsIn = (informed: readonly Informed[], reads: Reads): readonly Observation[] => [
  ...informed.flatMap(({ meaning }) => (meaning.kind === 'observation' ? [meaning.observation] : [])),
  ...[...reads.values()].flatMap((read) => (read.kind === 'seen' ? read.observations : [])),
]

const handle = async (work: UnitOfWork, { meaning, results }: Informed): Promise<EntryOutcome> => {
  if (meaning.kind === 'settled') return meaning.said
  const stopped = verdictOf(results)
  if (stopped !== null) return stopped
  const savepoint = work.savepoint()
  const awaiting = work.awaiting
  try {
    const age = await applyMeaning(work, meaning)
    for (const result of results) await applyRead(work, result)
    const changed = hasChanged(work, savepoint)
    const said = outcome(changed ? 'applied' : quietOutcome(meaning, results, age))
    return work.awaiting > awaiting ? { ...said, defers: true } : said
  } catch (error) {
    if (isRetryable(error)) throw error
    // Whatever this event did is taken back; the others of the batch go on.
    work.rollback(savepoint)
    return { outcome: 'failed', failure: failureOf(error) }
  }
}

const hasChanged = (work: UnitOfWork, savepoint: Savepoint): boolean => {
  for (const [slot, was] of work.changedSince(savepoint)) if (isVisiblyChanged(was, slot.now)) return true
  return false
}

const quietOutcome = (meaning: Meaning, results: readonly ReadResult[], age: Age) => {
  if (meaning.kind === 'hint') return results.some(({ kind }) => kind === 'seen') ? 'unchanged' : 'ignored'
  return age === 'older' ? 'stale' : 'unchanged'
}

// Trouble with any of its reads makes an event wait; a refusal counts only for its own object.
const verdictOf = (results: readonly ReadResult[]): EntryOutcome | null => {
  const waiting = results.find((result) => result.kind === 'waiting')
  if (waiting !== undefined) {
    const { failure, isCutOff } = waiting
    return { outcome: 'failed', failure, waits: true, ...(isCutOff && { isCutOff }) }
  }
  const [first] = results
  return first?.kind === 'refused' ? { outcome: 'failed', failure: first.failure } : null
}

const applyMeaning = async (work: UnitOfWork, meaning: Meaning): Promise<Age> => {
  if (meaning.kind === 'connection')
    return noteConnection(work, meaning.row.state, momentOfEvent(meaning.event.created))
  if (meaning.kind !== 'observation') return 'same_moment'
  const { row, observation } = meaning
  assertStorable(observation)
  const before = await work.projections[observation.kind].get(observation.id)
  await row.handle(work, observation)
  return ageOf(before?.content ?? null, observation.moment)
}

const applyRead = async (work: UnitOfWork, result: ReadResult): Promise<void> => {
  if (result.kind === 'disconnected')
    await noteConnection(work, 'disconnected', momentOfRead(result.unixSeconds))
  if (result.kind !== 'seen') return
  for (const observation of result.observations) {
    assertStorable(observation)
    await readHandlers[observation.kind](work, observation)
  }
}

// A row may stand in a batch twice (the same event in two files): it is settled by its first entry. A row that
// was settled before is settled again only where that changes what it says.
const settlementsOf = (
  entries: readonly InboxEntry[],
  outcomes: readonly EntryOutcome[],
  { now, random }: { readonly now: Date; readonly random: () => number },
): readonly RowSettlement[] => {
  const settlements = new Map<string, RowSettlement>()
  for (const [index, entry] of entries.entries()) {
    const result = outcomes[index]
    const { rowId, state: expected, newRow } = entry
    if (result === undefined || settlements.has(rowId) || isSettled(entry, result)) continue
    const next = nextOf(expected, result, { now, random: random() })
    settlements.set(rowId, { rowId, expected, next, ...(newRow === undefined ? {} : { newRow }) })
  }
  return [...settlements.values()]
}

const nextOf = (
  state: InboxState,
  { outcome, failure, waits, defers }: EntryOutcome,
  { now, random }: { readonly now: Date; readonly random: number },
): Settlement => {
  if (waits === true || defers === true) return freshRow
  return outcome === 'failed' && failure !== null
    ? settleFailure(state, failure, { now, random })
    : settle(state, outcome as Exclude<Outcome, 'failed'>, now) // failed ones have a failure
}

const isSettled = ({ state, newRow }: InboxEntry, { outcome, waits, defers }: EntryOutcome): boolean =>
  ((waits === true || defers === true) && newRow === undefined) ||
  state.status === 'done' ||
  (state.status === 'ignored' && outcome === 'ignored')

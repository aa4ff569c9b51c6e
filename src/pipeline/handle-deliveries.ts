// Everything around one batch: the inbox rows before it, and what to do when it does not go through at once.
// Guarantees: trouble that passes is waited out for at most a minute and uses up no attempt; one event that can't
// be committed never takes the others of its batch with it.

import {
  failureOf,
  type InboxFailure,
  type InboxState,
  type Outcome,
  type Settlement,
  settle,
  settleFailure,
} from '../core/inbox-row.ts'
import type { NoticeDraft } from '../core/notice.ts'
import { BillingSyncError, isRetryable } from '../errors.ts'
import {
  type Delivery,
  type EntryOutcome,
  type InboxEntry,
  type OpenAccount,
  type PipelineStore,
  type ReadObjects,
  type ReadRequest,
  type Reads,
  type ReceivedRow,
  type RowSettlement,
  readKey,
} from '../ports/pipeline-store.ts'
import { connectionAfter, type Meaning, meaningOf, requestsAfter, requestsOf } from './event-meaning.ts'
import { finishInheritance } from './finish-inheritance.ts'
import { holdingAfterLoss } from './hold-account.ts'
import { mayGoInParts, type Patience, patiently, reloadingOnce } from './patience.ts'
import { noReads, type PipelineOptions, runBatch } from './pipeline.ts'

export interface DeliveryOptions extends PipelineOptions, Patience {
  /** Answers each delivery's row in the inbox, be it there already or still to be written by the commit. */
  readonly receive: (deliveries: readonly Delivery[]) => Promise<readonly ReceivedRow[]>
  /** Stores deliveries that could not be handled as pending, where the inbox does not hold them. */
  readonly keep: (deliveries: readonly Delivery[]) => Promise<void>
  /** Once it aborts, what a batch left to be done stays so: its outcomes defer, and their rows wait for whoever is next. */
  readonly signal?: AbortSignal
  /** Reads objects from Stripe before events about them are applied; null takes payloads as they are. */
  readonly readObjects: ReadObjects | null
}

export interface HandledBatch {
  /** One per delivery, in their order. */
  readonly outcomes: readonly EntryOutcome[]
  /** What changed, one per document and commit. */
  readonly notices: readonly NoticeDraft[]
}

/**
 * Handles deliveries of one account as one batch, with the reads given, else with those that it makes itself.
 * Never rejects for the fault of an event.
 */
export const handleDeliveries = async (
  deliveries: readonly Delivery[],
  options: DeliveryOptions,
): Promise<HandledBatch> => {
  try {
    const reads = options.reads ?? (await readDeliveries(deliveries, options))
    const attempts = holdingAfterLoss({
      account: deliveries[0]?.account ?? '',
      store: options.store,
      attempt: (store) => attempt(deliveries, { ...options, store, reads }),
    })
    const handled = await patiently(reloadingOnce(attempts), {
      ...options,
      isDivisible: deliveries.length > 1,
    })
    return await finish(deliveries, handled, options)
  } catch (error) {
    const inParts = deliveries.length > 1 && mayGoInParts(error)
    if (inParts) options.onLostCommit()
    else if (isRetryable(error)) return giveUp(deliveries, error, options)
    // Which event it was that the store refused shows when it is alone.
    return deliveries.length > 1
      ? handleHalves(deliveries, options)
      : refuse(deliveries, failureOf(error), options)
  }
}

/**
 * Reads from Stripe what deliveries of one account are about. What it answered outlives an attempt: each answer is
 * stamped with when it was asked for. Throws `mongodb_unavailable`.
 */
export const readDeliveries = async (
  deliveries: readonly Delivery[],
  options: DeliveryOptions,
): Promise<Reads> => {
  const { readObjects, store } = options
  if (readObjects === null) return noReads
  const account = await patiently(() => store.openAccount(deliveries[0]?.account ?? ''), options)
  const meanings = deliveries.map(({ event }) => meaningOf(event, options))
  if (account.parked || isCutOff(account, meanings)) return noReads
  const reads = await readObjects(account, latestOfEach(meanings.flatMap(requestsOf)))
  const further = meanings
    .flatMap((meaning) => requestsAfter(meaning, reads))
    .filter((request) => !reads.has(readKey(request)))
  if (further.length === 0) return reads
  return new Map([...reads, ...(await readObjects(account, latestOfEach(further)))])
}

// Of an account that had left, its return may be in the batch, with what came after it.
const isCutOff = ({ connection }: OpenAccount, meanings: readonly Meaning[]): boolean =>
  connection?.state === 'disconnected' && connectionAfter(connection, meanings).state === 'disconnected'

const latestOfEach = (requests: readonly ReadRequest[]): readonly ReadRequest[] => {
  const latest = new Map<string, ReadRequest>()
  for (const request of requests) {
    const afterSecond = Math.max(request.afterSecond, latest.get(readKey(request))?.afterSecond ?? 0)
    latest.set(readKey(request), { ...request, afterSecond })
  }
  return [...latest.values()]
}

const conflict = new BillingSyncError('event_conflict')

// The rows are read anew in each attempt: whoever was faster may have settled some of them.
const attempt = async (
  deliveries: readonly Delivery[],
  options: DeliveryOptions,
): Promise<HandledBatch | null> => {
  const rows = await options.receive(deliveries)
  const entries = rows.map((row, index) => entryOf(deliveries, row, index))
  const account = deliveries[0]?.account ?? ''
  const batch = await runBatch(
    account,
    entries.filter((_, index) => rows[index]?.conflict === false),
    options,
  )
  if (batch === null) return null
  const handled = [...batch.outcomes]
  const outcomes = rows.map(
    (row) => (row.conflict ? undefined : handled.shift()) ?? failed(failureOf(conflict)),
  )
  return { outcomes, notices: batch.notices }
}

const entryOf = (
  deliveries: readonly Delivery[],
  { rowId, state, newRow, kept }: ReceivedRow,
  index: number,
): InboxEntry => {
  const event = kept ?? deliveries[index]?.event
  if (event === undefined)
    throw new RangeError(`the inbox answered more rows than the ${deliveries.length} deliveries`)
  return { rowId, state, event, ...(newRow === undefined ? {} : { newRow }) }
}

const failed = (failure: InboxFailure): EntryOutcome => ({ outcome: 'failed', failure })

// The server that could not take the batch may not take the rows either: the failure of the batch is what is told.
const giveUp = async (
  deliveries: readonly Delivery[],
  error: unknown,
  { keep }: DeliveryOptions,
): Promise<HandledBatch> => {
  await keep(deliveries).catch((thrown: unknown) => {
    if (!isRetryable(thrown)) throw thrown
  })
  const failure = failureOf(error)
  return { outcomes: deliveries.map(() => ({ ...failed(failure), waits: true })), notices: [] }
}

const failAll = (deliveries: readonly Delivery[], failure: InboxFailure): HandledBatch => ({
  outcomes: deliveries.map(() => failed(failure)),
  notices: [],
})

// The others of its batch cost some twenty commits so, not one each.
const handleHalves = async (
  deliveries: readonly Delivery[],
  options: DeliveryOptions,
): Promise<HandledBatch> => {
  const middle = Math.ceil(deliveries.length / 2)
  const first = await handleDeliveries(deliveries.slice(0, middle), options)
  const second = await handleDeliveries(deliveries.slice(middle), options)
  return {
    outcomes: [...first.outcomes, ...second.outcomes],
    notices: [...first.notices, ...second.notices],
  }
}

// Settles the row alone: nothing of the event is stored but that it failed.
const refuse = async (
  deliveries: readonly Delivery[],
  failure: InboxFailure,
  options: DeliveryOptions,
): Promise<HandledBatch> => {
  const now = options.now()
  await settleRows(deliveries, options, (state) =>
    settleFailure(state, failure, { now, random: options.random() }),
  )
  return failAll(deliveries, failure)
}

// What a batch left to be done is done before its rows say so: whoever finds them pending goes on with it.
const finish = async (
  deliveries: readonly Delivery[],
  handled: HandledBatch,
  options: DeliveryOptions,
): Promise<HandledBatch> => {
  const { outcomes } = handled
  const deferred = deliveries.filter((_, index) => outcomes[index]?.defers === true)
  if (deferred.length === 0) return handled
  try {
    const finished = await finishInheritance(deferred[0]?.account ?? '', options)
    const notices = [...handled.notices, ...finished.notices]
    if (!finished.isFinished) return { outcomes, notices }
    await settleRows(deferred, options, (state, delivery) => {
      const { outcome = 'unchanged' } = outcomes[deliveries.indexOf(delivery)] ?? {}
      return settle(state, outcome as Exclude<Outcome, 'failed'>, options.now()) // failed ones defer nothing
    })
    return { outcomes: outcomes.map(({ defers, ...said }) => said), notices }
  } catch (error) {
    if (!isRetryable(error)) throw error
    const waiting: EntryOutcome = { ...failed(failureOf(error)), waits: true }
    return { ...handled, outcomes: outcomes.map((outcome) => (outcome.defers === true ? waiting : outcome)) }
  }
}

// Rows that are done stay so, and one that stands in the batch twice is settled once.
const settleRows = (
  deliveries: readonly Delivery[],
  { receive, now, ...options }: DeliveryOptions,
  next: (state: InboxState, delivery: Delivery) => Settlement,
): Promise<true> => {
  const account = deliveries[0]?.account ?? ''
  const attempt = async (store: PipelineStore): Promise<true | null> => {
    const { seq } = await store.openAccount(account)
    const settlements = new Map<string, RowSettlement>()
    for (const [index, { conflict, state, ...row }] of (await receive(deliveries)).entries()) {
      const delivery = deliveries[index]
      if (conflict || state.status === 'done' || delivery === undefined || settlements.has(row.rowId))
        continue
      settlements.set(row.rowId, { ...row, expected: state, next: next(state, delivery) })
    }
    if (settlements.size === 0) return true
    const commit = {
      account,
      seq,
      now: now(),
      writes: [],
      notices: [],
      settlements: [...settlements.values()],
    }
    return (await store.commit(commit)) || null
  }
  return patiently(holdingAfterLoss({ account, store: options.store, attempt }), options)
}

// One batch of an account's due events: parsed, read from Stripe, handled, told.

import { once } from 'node:events'
import { failureOf, isLastTry } from '../../core/inbox-row.ts'
import { BillingSyncError } from '../../errors.ts'
import type { Delivery, EntryOutcome, Reads } from '../../ports/pipeline-store.ts'
import type { DueEvent, WorkStore } from '../../ports/work-store.ts'
import { parseEntry } from '../parse-entry.ts'
import type { AccountPauses } from './account-pauses.ts'
import type { HandledEvent, WorkListener } from './work-listener.ts'

/** A due event on its way through the pipeline. */
export interface DueDelivery extends Delivery {
  readonly due: DueEvent
}

export interface BatchOptions {
  readonly store: WorkStore
  /** Reads from Stripe what deliveries of one account are about. */
  readonly read: (deliveries: readonly DueDelivery[]) => Promise<Reads>
  /** Handles deliveries of one account as one batch, and answers one outcome for each. */
  readonly handle: (deliveries: readonly DueDelivery[], reads: Reads) => Promise<readonly EntryOutcome[]>
  /** Lets others have the thread where this work had it for long, null where it had not. */
  readonly rest: () => Promise<void> | null
  /** Runs work on the database once a place is free. */
  readonly inPlace: <Result>(work: () => Promise<Result>) => Promise<Result>
  readonly pauses: AccountPauses
  readonly listener: WorkListener
  /** Once it aborts no batch is begun, and what was only read is left as it is. */
  readonly signal: AbortSignal
  /** From 0 up to 1. */
  readonly random: () => number
}

/**
 * Works off events of one account as one batch. Answers whether the lane may go on: not while every event of the batch
 * waits for trouble to pass, nor once the work ends. Throws `mongodb_unavailable`.
 */
export const workOff = async (
  account: string,
  events: readonly DueEvent[],
  options: BatchOptions,
): Promise<boolean> => {
  const started = performance.now()
  const deliveries = await readable(account, events, options)
  if (deliveries.length === 0) return true
  if (options.signal.aborted) return false
  const reads = await unlessEnded(options.read(deliveries), options.signal)
  if (reads === null) return false
  const outcomes = await options.inPlace(() => options.handle(deliveries, reads))
  const ms = performance.now() - started
  for (const [index, delivery] of deliveries.entries())
    tell(options.listener, delivery, { result: outcomes[index], ms })
  return letWait(account, deliveries, { outcomes, options })
}

// Stripe may take long to answer; nothing is written yet, so nobody has to wait for it at the end.
const unlessEnded = async <Result>(reading: Promise<Result>, signal: AbortSignal): Promise<Result | null> => {
  const settled = new AbortController()
  const ended = once(signal, 'abort', { signal: settled.signal }).then(
    () => null,
    () => null,
  )
  try {
    return await Promise.race([reading, ended])
  } finally {
    settled.abort()
    reading.catch(() => undefined)
  }
}

// Bytes that are no event could be there only if somebody else wrote them; they must not stop the lane.
const readable = async (
  account: string,
  events: readonly DueEvent[],
  { store, listener, random, rest }: BatchOptions,
): Promise<readonly DueDelivery[]> => {
  const deliveries: DueDelivery[] = []
  for (const due of events) {
    const resting = rest()
    if (resting !== null) await resting
    const parsed = parseEntry(due.payload)
    if ('event' in parsed) {
      deliveries.push({ account, event: parsed.event, payload: due.payload, due })
      continue
    }
    const failure = failureOf(new BillingSyncError('event_invalid', { problem: parsed.problem }))
    await store.fail(due.rowId, failure, random())
    listener.onTrouble(failure.code, account)
  }
  return deliveries
}

const tell = (
  listener: WorkListener,
  { account, event, due }: DueDelivery,
  { result, ms }: { readonly result: EntryOutcome | undefined; readonly ms: number },
): void => {
  // What is left of an event for the next process is done before anything is said of it.
  if (result === undefined || result.defers === true) return
  const { outcome, failure, waits } = result
  const told: HandledEvent = {
    account,
    eventId: event.id,
    type: event.type,
    outcome,
    code: failure?.code ?? null,
    ms: Math.round(ms),
    lagMs: due.ageMs + ms,
  }
  if (waits === true) {
    listener.onWaiting(told)
    return
  }
  listener.onOutcome(told)
  if (failure === null) return
  if (isLastTry(due.state, failure)) listener.onDead(told)
  else listener.onRetry(told)
}

interface Handled {
  readonly outcomes: readonly EntryOutcome[]
  readonly options: BatchOptions
}

// What waits is put behind what does not: one object that Stripe can't show must not hold its account's other events.
const letWait = async (
  account: string,
  deliveries: readonly DueDelivery[],
  { outcomes, options: { store, pauses } }: Handled,
): Promise<boolean> => {
  const rowIds = deliveries.map(({ due }) => due.rowId)
  const waiting = rowIds.filter((_, index) => outcomes[index]?.waits === true)
  if (waiting.length === 0) {
    pauses.end(account, rowIds)
    return true
  }
  const code = outcomes.find(({ waits }) => waits === true)?.failure?.code ?? ''
  const goesOn = waiting.length < rowIds.length
  const pauseMs = goesOn ? pauses.putOff(account, code, waiting) : pauses.rest(account, code)
  await store.postpone(waiting, pauseMs)
  return goesOn
}

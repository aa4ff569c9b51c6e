// One turn of an account's lane: a few batches of its due events, then it is another account's turn. Guarantees: an
// event that waits for trouble to pass keeps its attempts and lets the others of its account go on; while Stripe is
// asked, the lane holds no place of those that work on the database.

import { failureOf, isLastTry } from '../../core/inbox-row.ts'
import { BillingSyncError } from '../../errors.ts'
import type { Delivery, EntryOutcome, Reads } from '../../pipeline-store.ts'
import type { DueEvent, WorkStore } from '../../work-store.ts'
import { parseEntry } from '../replay-items.ts'
import type { AccountPauses } from './account-pauses.ts'
import type { HandledEvent, WorkListener } from './work-listener.ts'

/** A due event on its way through the pipeline. */
export interface DueDelivery extends Delivery {
  readonly due: DueEvent
}

export interface TurnOptions {
  readonly store: WorkStore
  /** Reads from Stripe what deliveries of one account are about. */
  readonly read: (deliveries: readonly DueDelivery[]) => Promise<Reads>
  /** Handles deliveries of one account as one batch, and answers one outcome for each. */
  readonly handle: (deliveries: readonly DueDelivery[], reads: Reads) => Promise<readonly EntryOutcome[]>
  /** Runs work on the database once a place is free. */
  readonly inPlace: <Result>(work: () => Promise<Result>) => Promise<Result>
  readonly pauses: AccountPauses
  readonly listener: WorkListener
  /** Ends the turn after the batch under way. */
  readonly signal: AbortSignal
}

/** How a turn ended: with nothing due, with more to do, or with trouble that has to pass. */
export type TurnEnd = 'idle' | 'more' | 'waits'

/** A turn ends after so long, or so many batches, whichever comes first. */
const turnMs = 1_000
const batchesPerTurn = 5

/** Works off an account's due events for one turn. Never rejects for trouble that passes. */
export const takeTurn = async (account: string, options: TurnOptions): Promise<TurnEnd> => {
  const deadline = performance.now() + turnMs
  try {
    for (let batches = 0; batches < batchesPerTurn; batches += 1) {
      if (options.signal.aborted) return 'more'
      const events = await options.inPlace(() => options.store.dueEvents(account))
      if (events.length === 0) return 'idle'
      if (!(await workOff(account, events, options))) return 'waits'
      if (performance.now() > deadline) break
    }
    return 'more'
  } catch (error) {
    if (!(error instanceof BillingSyncError && error.retryable)) throw error
    options.listener.onTrouble(error.code, account)
    options.pauses.rest(account, error.code)
    return 'waits'
  }
}

/** Answers whether the lane may go on: not while every event of the batch waits. */
const workOff = async (
  account: string,
  events: readonly DueEvent[],
  options: TurnOptions,
): Promise<boolean> => {
  const started = performance.now()
  const deliveries = await readable(account, events, options)
  if (deliveries.length === 0) return true
  const reads = await options.read(deliveries)
  if (options.signal.aborted) return true
  const outcomes = await options.inPlace(() => options.handle(deliveries, reads))
  for (const [index, delivery] of deliveries.entries())
    tell(options.listener, delivery, { result: outcomes[index], ms: performance.now() - started })
  return letWait(account, deliveries, { outcomes, options })
}

// Bytes that are no event could be there only if somebody else wrote them; they must not stop the lane.
const readable = async (
  account: string,
  events: readonly DueEvent[],
  { store, listener }: TurnOptions,
): Promise<readonly DueDelivery[]> => {
  const deliveries: DueDelivery[] = []
  for (const due of events) {
    const parsed = parseEntry(due.payload)
    if ('event' in parsed) {
      deliveries.push({ account, event: parsed.event, payload: due.payload, due })
      continue
    }
    const failure = failureOf(new BillingSyncError('event_invalid', { problem: parsed.problem }))
    await store.bury(due.rowId, failure)
    listener.onTrouble(failure.code, account)
  }
  return deliveries
}

const tell = (
  listener: WorkListener,
  { account, event, due }: DueDelivery,
  { result, ms }: { readonly result: EntryOutcome | undefined; readonly ms: number },
): void => {
  if (result === undefined) return
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
  readonly options: TurnOptions
}

// What waits is put behind what does not: one object that Stripe can't show must not hold its account's other events.
const letWait = async (
  account: string,
  deliveries: readonly DueDelivery[],
  { outcomes, options: { store, pauses } }: Handled,
): Promise<boolean> => {
  const waiting = deliveries.filter((_, index) => outcomes[index]?.waits === true)
  if (waiting.length === 0) {
    pauses.end(account)
    return true
  }
  const code = outcomes.find(({ waits }) => waits === true)?.failure?.code ?? ''
  const pauseMs = pauses.rest(account, code)
  await store.postpone(
    waiting.map(({ due }) => due.rowId),
    pauseMs,
  )
  return waiting.length < deliveries.length
}

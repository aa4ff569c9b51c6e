// One turn of an account's lane: a few batches of its due events, then it is another account's turn. Guarantees: an
// event that waits for trouble to pass keeps its attempts and lets the others of its account go on; while Stripe is
// asked, the lane holds no place of those that work on the database. What a process died over runs one by one, and only
// an event that ran alone is to blame for a death: it uses up one attempt, and runs alone from then on.

import { failureOf } from '../../core/inbox-row.ts'
import { BillingSyncError, isRetryable } from '../../errors.ts'
import type { DueBatch, DueEvent, LaneClaim, LaneStore } from '../../ports/work-store.ts'
import { type BatchOptions, workOff } from './due-batch.ts'
import type { PayloadRoom } from './payload-room.ts'

export interface TurnOptions extends BatchOptions {
  readonly lanes: LaneStore
  readonly room: PayloadRoom
  /** Tells whether another account waits for a turn. */
  readonly isAwaited: () => boolean
}

/** How a turn ended: with nothing to do, with more to do, or with trouble that has to pass. */
export type TurnEnd = 'idle' | 'more' | 'waits'

/** A turn ends after so long, or so many batches, whichever comes first; after one where another account waits. */
const turnMs = 1_000
const batchesPerTurn = 5

/** In this order: events that keep failing never hold up those that were not tried yet. */
const kinds = ['fresh', 'retried'] as const

/** Works off an account's due events for one turn. Never rejects for trouble that passes. */
export const takeTurn = async (account: string, options: TurnOptions): Promise<TurnEnd> => {
  const { lanes, pauses, listener } = options
  try {
    const claim = await lanes.claim(account)
    return claim === null ? 'idle' : await workClaimed(account, claim, options)
  } catch (error) {
    if (!isRetryable(error)) throw error
    listener.onTrouble(error.code, account)
    pauses.rest(account, error.code)
    return 'waits'
  }
}

// A claim that can't be released now lapses by itself.
const workClaimed = async (
  account: string,
  { abandoned }: LaneClaim,
  options: TurnOptions,
): Promise<TurnEnd> => {
  let isSafe = abandoned === null
  try {
    if (abandoned !== null) isSafe = await takeOver(account, abandoned, options)
    return isSafe ? await workOn(account, options) : 'waits'
  } finally {
    await options.lanes.release(account, { isSafe })
  }
}

/** Answers whether everything that its process may have died over has run alone by now. */
const takeOver = async (
  account: string,
  { aloneRowId }: NonNullable<LaneClaim['abandoned']>,
  options: TurnOptions,
): Promise<boolean> => {
  const { store, room, listener, random } = options
  listener.onTakeover(account)
  if (aloneRowId !== null)
    await store.fail(aloneRowId, failureOf(new BillingSyncError('worker_died')), random())
  for (const kind of kinds) {
    const batch = await room.load(() => store.dueEvents(account, kind))
    try {
      if (!(await runEachAlone(account, batch.events, options))) return false
    } finally {
      room.free(batch)
    }
  }
  return true
}

const workOn = async (account: string, options: TurnOptions): Promise<TurnEnd> => {
  const deadline = performance.now() + turnMs
  let batches = 0
  for (const kind of kinds) {
    // A batch that was not full took all there was: what came since has woken the account anew.
    for (let isCut = true; isCut; ) {
      const done = await workNext(account, kind, options)
      if (done === 'waits') return 'waits'
      batches += 1
      isCut = done.isCut
      if (isCut && (batches >= batchesPerTurn || performance.now() >= deadline || options.isAwaited()))
        return 'more'
    }
  }
  return 'idle'
}

const workNext = async (
  account: string,
  kind: (typeof kinds)[number],
  options: TurnOptions,
): Promise<DueBatch | 'waits'> => {
  const { store, room } = options
  const batch = await room.load(() => store.dueEvents(account, kind))
  try {
    const together = batch.events.filter(({ isSuspect }) => !isSuspect)
    const suspects = batch.events.filter(({ isSuspect }) => isSuspect)
    if (!(await workOff(account, together, options))) return 'waits'
    return (await runEachAlone(account, suspects, options)) ? batch : 'waits'
  } finally {
    room.free(batch)
  }
}

const runEachAlone = async (
  account: string,
  events: readonly DueEvent[],
  options: TurnOptions,
): Promise<boolean> => {
  for (const event of events) {
    await options.lanes.runAlone(account, event.rowId)
    if (!(await workOff(account, [event], options))) return false
  }
  // What comes next runs together: should its process die of that, none of these is to blame.
  if (events.length > 0) await options.lanes.runAlone(account, null)
  return true
}

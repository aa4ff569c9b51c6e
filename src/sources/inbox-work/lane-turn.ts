// One turn of an account's lane: a few batches of its due events, then it is another account's turn. Guarantees: an
// event that waits for trouble to pass keeps its attempts and lets the others of its account go on; while Stripe is
// asked, the lane holds no place of those that work on the database. What a process died over runs one by one, and only
// an event that ran alone is to blame for a death: it uses up one attempt, and runs alone from then on.

import { failureOf } from '../../core/inbox-row.ts'
import { BillingSyncError } from '../../errors.ts'
import type { DueEvent, LaneClaim } from '../../work-store.ts'
import { type BatchOptions, workOff } from './due-batch.ts'
import type { PayloadRoom } from './payload-room.ts'

export interface TurnOptions extends BatchOptions {
  readonly room: PayloadRoom
  /** From 0 up to 1. */
  readonly random: () => number
}

/** How a turn ended: with nothing to do, with more to do, or with trouble that has to pass. */
export type TurnEnd = 'idle' | 'more' | 'waits'

/** A turn ends after so long, or so many batches, whichever comes first. */
const turnMs = 1_000
const batchesPerTurn = 5

/** In this order: events that keep failing never hold up those that were not tried yet. */
const kinds = ['fresh', 'retried'] as const

/** Works off an account's due events for one turn. Never rejects for trouble that passes. */
export const takeTurn = async (account: string, options: TurnOptions): Promise<TurnEnd> => {
  const { store, pauses, listener } = options
  try {
    const claim = await store.claim(account)
    return claim === null ? 'idle' : await workClaimed(account, claim, options)
  } catch (error) {
    if (!(error instanceof BillingSyncError && error.retryable)) throw error
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
    await options.store.release(account, { isSafe })
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
    const events = await room.load(() => store.dueEvents(account, kind))
    try {
      if (!(await runEachAlone(account, events, options))) return false
    } finally {
      room.free(events)
    }
  }
  return true
}

const workOn = async (account: string, options: TurnOptions): Promise<TurnEnd> => {
  const deadline = performance.now() + turnMs
  for (let batches = 0; batches < batchesPerTurn && performance.now() < deadline; batches += 1) {
    const events = await loadNext(account, options)
    if (events.length === 0) return 'idle'
    try {
      const together = events.filter(({ isSuspect }) => !isSuspect)
      const suspects = events.filter(({ isSuspect }) => isSuspect)
      if (!(await workOff(account, together, options))) return 'waits'
      if (!(await runEachAlone(account, suspects, options))) return 'waits'
    } finally {
      options.room.free(events)
    }
  }
  return 'more'
}

const loadNext = async (account: string, { store, room }: TurnOptions): Promise<readonly DueEvent[]> => {
  for (const kind of kinds) {
    const events = await room.load(() => store.dueEvents(account, kind))
    if (events.length > 0) return events
  }
  return []
}

const runEachAlone = async (
  account: string,
  events: readonly DueEvent[],
  options: TurnOptions,
): Promise<boolean> => {
  for (const event of events) {
    await options.store.runAlone(account, event.rowId)
    if (!(await workOff(account, [event], options))) return false
  }
  return true
}

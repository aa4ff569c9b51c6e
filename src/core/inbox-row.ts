// The inbox row of an event and its states.
//
//   pending ──handled──────────────▶ done | ignored
//   pending ──account not listed───▶ parked ──account listed, `serve` runs──▶ pending
//   pending ──failed, tries left───▶ failed ──due again, run again──────────▶ done
//   pending | failed ──no tries left, or can never be stored────────────────▶ dead
//   parked | dead ──replayed, with its account listed───────────────────────▶ done
//
// A dead row that fails again stays dead: only a person has it tried. Rows that are `done` stay so whatever a replay makes of them.
// `done` and `ignored` expire with the retention time; the others stay until they are settled.

import { codedErrorOf } from '../errors.ts'
import { grownPause, spreadPause } from './growing-pause.ts'

/** The states, as `--status` names them. */
export const inboxStatuses = ['pending', 'done', 'ignored', 'failed', 'dead', 'parked'] as const

export type InboxStatus = (typeof inboxStatuses)[number]

/** Tells whether a text names a status. */
export const isInboxStatus = (text: string): text is InboxStatus =>
  (inboxStatuses as readonly string[]).includes(text)

/** What came of one event, the word that logs and summaries use. */
export type Outcome = 'applied' | 'unchanged' | 'stale' | 'ignored' | 'parked' | 'failed'

/** The part of a row that a settlement may rely on: it must still be so when the settlement is written. */
export interface InboxState {
  readonly status: InboxStatus
  readonly attempts: number
}

export interface InboxFailure {
  readonly code: string
  readonly message: string
}

/** What a settlement writes. */
export interface Settlement extends InboxState {
  /** Null until the event was handled. */
  readonly outcome: Outcome | null
  readonly error: InboxFailure | null
  readonly next_attempt_at: Date | null
  readonly processed_at: Date | null
}

/** What a row says that nobody has handled yet. */
export const freshRow: Settlement = {
  status: 'pending',
  attempts: 0,
  outcome: null,
  error: null,
  next_attempt_at: null,
  processed_at: null,
}

/** Attempts after which a failing event waits for a person. */
const mostAttempts = 8

/** Waits between attempts: 8 attempts span one to two minutes. */
const waits = { firstMs: 1_000, longestMs: Number.POSITIVE_INFINITY }

const statusOf: Readonly<Record<Exclude<Outcome, 'failed'>, InboxStatus>> = {
  applied: 'done',
  unchanged: 'done',
  stale: 'done',
  ignored: 'ignored',
  parked: 'parked',
}

/** Returns how a row is settled that was handled without a failure. */
export const settle = (row: InboxState, outcome: Exclude<Outcome, 'failed'>, now: Date): Settlement => ({
  status: statusOf[outcome],
  attempts: row.attempts,
  outcome,
  error: null,
  next_attempt_at: null,
  processed_at: now,
})

/** Tells whether a failure leaves a row no further try. */
export const isLastTry = (row: InboxState, failure: InboxFailure): boolean =>
  row.status === 'dead' || row.attempts + 1 >= mostAttempts || failure.code === 'payload_unstorable'

/**
 * Returns how a row is settled whose event failed: tried again with exponential backoff, or dead.
 * @param random from 0 up to 1, spreads the retries of many events
 */
export const settleFailure = (
  row: InboxState,
  failure: InboxFailure,
  { now, random }: { readonly now: Date; readonly random: number },
): Settlement => {
  const attempts = row.attempts + 1
  const dead = isLastTry(row, failure)
  const waitMs = spreadPause(grownPause(waits, attempts - 1), random)
  return {
    status: dead ? 'dead' : 'failed',
    attempts,
    outcome: 'failed',
    error: failure,
    next_attempt_at: dead ? null : new Date(now.getTime() + waitMs),
    processed_at: now,
  }
}

/** Returns the failure that a thrown value stands for. */
export const failureOf = (thrown: unknown): InboxFailure => {
  const { code, message } = codedErrorOf(thrown)
  return { code, message }
}

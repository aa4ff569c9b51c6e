// The ports between the work on received events and whatever keeps the inbox, and the claims of who works on it.

import type { InboxFailure, InboxState } from '../core/inbox-row.ts'

/** An event of the inbox that is due: never tried, or to be tried again by now. */
export interface DueEvent {
  readonly rowId: string
  /** As it was read. */
  readonly state: InboxState
  readonly payload: Uint8Array
  /** Milliseconds since it was received, on the store's clock. */
  readonly ageMs: number
  /** True where a process died over it: from then on it is never handled together with others. */
  readonly isSuspect: boolean
}

/** The next due events of an account, as many as one batch may hold. */
export interface DueBatch {
  readonly events: readonly DueEvent[]
  /** True where there may be more of them. */
  readonly isCut: boolean
}

/** An account's lane, held by this process until it is released. */
export interface LaneClaim {
  /** Null where whoever held it before let go of it. */
  readonly abandoned: {
    /** The event that ran alone when its process died. */
    readonly aloneRowId: string | null
  } | null
}

/** Keeps received events until they are handled. Every method throws `mongodb_unavailable` where the store is away. */
export interface WorkStore {
  /** The store's clock, as of the last look for due accounts: what is due is due by it. */
  now(): Date
  /** Returns the accounts that have due events. */
  dueAccounts(): Promise<readonly string[]>
  /** Returns the next due events of an account as one batch: of those that never failed, or of those that did. */
  dueEvents(account: string, kind: 'fresh' | 'retried'): Promise<DueBatch>
  /** Lets events that wait for trouble to pass rest for a while; their state stays as it is. */
  postpone(rowIds: readonly string[], pauseMs: number): Promise<void>
  /** Settles an event that can't even be read as failed, provided that it still waits. */
  fail(rowId: string, failure: InboxFailure, random: number): Promise<void>
  /** Makes parked events due: of accounts that are listed by now, or of every account. */
  unpark(whose: 'listed' | 'all'): Promise<void>
}

/** Keeps two processes from working on one account at once. Every method throws `mongodb_unavailable` likewise. */
export interface LaneStore {
  /** Claims an account's lane, or returns null where another process holds it. */
  claim(account: string): Promise<LaneClaim | null>
  /** Notes which event runs alone next, null for none: only that one can be to blame if the process dies. */
  runAlone(account: string, rowId: string | null): Promise<void>
  /** Lets go of a lane; one that is not safe has to be taken over as if its process had died. */
  release(account: string, state: { readonly isSafe: boolean }): Promise<void>
  /** Keeps hold of the lanes that are claimed, which a process that works has to do every few seconds. */
  renew(): Promise<void>
}

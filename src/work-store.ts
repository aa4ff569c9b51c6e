// The port between the work on received events and whatever keeps the inbox.

import type { InboxState } from './core/inbox-row.ts'

/** An event of the inbox that is due: never tried, or to be tried again by now. */
export interface DueEvent {
  readonly rowId: string
  /** As it was read. */
  readonly state: InboxState
  readonly payload: Uint8Array
  /** Milliseconds since it was received, on the store's clock. */
  readonly ageMs: number
}

/** Keeps received events until they are handled. Every method throws `mongodb_unavailable` where the store is away. */
export interface WorkStore {
  /** Returns the accounts that have due events. */
  dueAccounts(): Promise<readonly string[]>
  /** Returns the next due events of an account as one batch: none, or some that were never tried, or some that were. */
  dueEvents(account: string): Promise<readonly DueEvent[]>
  /** Lets events that wait for trouble to pass rest for a while; their state stays as it is. */
  postpone(rowIds: readonly string[], pauseMs: number): Promise<void>
  /** Gives up an event whose bytes can't be read, so that it is tried no more. */
  bury(rowId: string, failure: { readonly code: string; readonly message: string }): Promise<void>
  /** Makes parked events of accounts that are listed by now due; `all` those of every account. */
  unpark(all: boolean): Promise<void>
}

// The port between the pipeline and whatever stores documents: MongoDB, or memory in property tests.

import type { AccountSettings } from '../core/account.ts'
import type { Connection } from '../core/connection.ts'
import type { InboxFailure, InboxState, Outcome, Settlement } from '../core/inbox-row.ts'
import type { ObjectKind } from '../core/object-kinds.ts'
import type { Observation, ObservationSource } from '../core/observation.ts'
import type { StripeEvent } from '../core/stripe-event.ts'
import type { ChangeSet } from '../unit-of-work/change-set.ts'
import type { AccountReader } from '../unit-of-work/reader.ts'

/** An event on its way in, in the bytes it came in. */
export interface Delivery {
  readonly account: string
  readonly event: StripeEvent
  readonly payload: Uint8Array
}

/** A row of the inbox as it is run again: the account that it was stored under, and the bytes that were received. */
export interface StoredEvent {
  readonly rowId: string
  /** An event of the platform itself does not name it. */
  readonly account: string
  readonly payload: Uint8Array
}

/** What became of a delivery that was to be stored. All but the first two: it is not, and may be sent again. */
export type Receipt = 'stored' | 'duplicate' | 'mongodb_unavailable' | 'too_busy' | 'backlog_full'

/** A row that the inbox does not hold yet: the commit that settles it writes it. */
export interface NewRow {
  readonly delivery: Delivery
  readonly source: ObservationSource
}

/** An event with its inbox row as it was read. */
export interface InboxEntry {
  readonly rowId: string
  readonly event: StripeEvent
  readonly state: InboxState
  readonly newRow?: NewRow
}

/** A delivery's inbox row, and whether it holds another event under the same id. */
export interface ReceivedRow extends Omit<InboxEntry, 'event'> {
  readonly conflict: boolean
  /** The event as the inbox holds it, where that is what counts: another rendering of it says nothing new. */
  readonly kept?: StripeEvent
}

/** What came of one entry. */
export interface EntryOutcome {
  readonly outcome: Outcome
  /** Null unless the outcome is `failed`. */
  readonly failure: InboxFailure | null
  /** True where nothing is wrong with the event: its row stays as it is and no attempt is used up. */
  readonly waits?: true
  /** True where the process ends before what the event needs could be read: it was not reached, and nothing failed. */
  readonly isCutOff?: true
  /** True while something of it is left to be done after the commit: its row is settled only after that. */
  readonly defers?: true
}

/** An object to be read from Stripe before an event about it is applied. */
export interface ReadRequest {
  readonly kind: ObjectKind
  readonly id: string
  /** The read must be sent in a later second than this one, so that it decides between events of that second. */
  readonly afterSecond: number
}

/** What a read came to. `missing` is an object that Stripe no longer has: the event's payload is all there is. */
export type ReadResult =
  | { readonly kind: 'seen'; readonly observations: readonly Observation[] }
  | { readonly kind: 'missing' }
  | { readonly kind: 'disconnected'; readonly unixSeconds: number }
  /** Trouble that passes: the event stays pending and uses up no attempt. */
  | {
      readonly kind: 'waiting'
      readonly failure: InboxFailure
      /** True where the process ends before it could be waited out, or before the object's turn came. */
      readonly isCutOff?: true
    }
  | { readonly kind: 'refused'; readonly failure: InboxFailure }

/** Results by `readKey`. */
export type Reads = ReadonlyMap<string, ReadResult>

/** Returns the key of an object among reads. */
export const readKey = ({ kind, id }: Pick<ReadRequest, 'kind' | 'id'>): string => `${kind}:${id}`

/** Reads objects of one account. Rejects only for what is nobody's fault out there. */
export type ReadObjects = (account: OpenAccount, requests: readonly ReadRequest[]) => Promise<Reads>

/** A subscription whose metadata has not reached all its invoices yet: there are too many for one commit. */
export interface Unfinished {
  readonly subscription: string
  /** Sequence number at which its metadata changed last. */
  readonly since: number
}

/** Contacts that are derived anew, because the account's mappings changed. */
export interface ContactsDue {
  /** The customer reached last, in the order of their ids; empty at the beginning. */
  readonly after: string
  /** Contact fields that mappings of before wrote to, as dot paths. */
  readonly mapped_before: readonly string[]
}

/** An account as read before everything else of an attempt. */
export interface OpenAccount {
  readonly settings: AccountSettings
  /** Number of commits of the account so far; a commit succeeds only while it is still that. */
  readonly seq: number
  /** Null while nothing was heard of it, which counts as connected. */
  readonly connection: Connection | null
  /** True where the account's events wait until the config lists it. */
  readonly parked: boolean
  /** What earlier commits left to be done. */
  readonly unfinished: readonly Unfinished[]
  /** Null where every contact is as the mappings say. */
  readonly contactsDue: ContactsDue | null
  /** Reads this account's documents only. */
  readonly reader: AccountReader
}

/** How an inbox row is settled, provided that it still is as it was read. */
export interface RowSettlement {
  readonly rowId: string
  readonly expected: InboxState
  readonly next: Settlement
  /** Given where the row is not there yet, which is then what is expected. */
  readonly newRow?: NewRow
}

/** How far a backfill has come with one list, saved with the page that brought it there. */
export interface PositionUpdate {
  readonly id: string
  /** Token of the run that may move the position. */
  readonly token: string
  /** What is left of the list; none: it is complete. */
  readonly windows: readonly Readonly<Record<string, unknown>>[]
  /** What the list is of. */
  readonly kind: ObjectKind
  /** Entries of these pages that could not be stored: they are passed by, and must not be forgotten. */
  readonly failed: number
}

/** Everything that one batch writes. */
export interface Commit extends ChangeSet {
  readonly account: string
  readonly seq: number
  readonly now: Date
  readonly settlements: readonly RowSettlement[]
  readonly positions?: readonly PositionUpdate[]
}

/** Where batches are read from and committed to. */
export interface PipelineStore {
  /** Returns the account, made with default settings when it is new. Throws `mongodb_unavailable`. */
  openAccount(id: string): Promise<OpenAccount>
  /**
   * Writes everything in one transaction and raises the account's sequence number by one. Returns false when
   * another writer was faster: nothing is written then. Throws `mongodb_unavailable`, `payload_unstorable`,
   * `document_conflict` where somebody else took a key, `document_refused` where a validator of theirs refuses a document,
   * `commit_too_heavy` where it writes too much at once, and `backfill_superseded` where another run has taken a position over.
   */
  commit(commit: Commit): Promise<boolean>
  /**
   * Holds an account, so that its next commit is not lost to another writer, whose commits are lost meanwhile; null where
   * another writer has it just now. Left out where nobody else commits. Throws `mongodb_unavailable`.
   */
  hold?(account: string): Promise<HeldAccount | null>
}

/** An account that nobody else commits to. */
export interface HeldAccount {
  /** Reads it as it is, and commits to it once. */
  readonly store: PipelineStore
  /** Lets the others commit again; to be called in any case. Never throws. */
  release(): Promise<void>
}

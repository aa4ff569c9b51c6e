// The port between the delivery of notices and whatever keeps them until they are delivered.

import type { Notice } from '../core/notice.ts'

/** Receivers that a row is kept for; `queue` only where the queue is BullMQ's, `queue.jobs` needs no delivery. */
export type SinkName = 'queue' | 'socket'

/** A system message that was posted in the row's commit, and where. */
export interface PostedMessage {
  /** The message document. */
  readonly message: Readonly<Record<string, unknown>>
  readonly contact_id: unknown
  /** True where its room was made in the same commit. */
  readonly room_made: boolean
}

/** What one commit owes to one sink. */
export interface OutboxRow {
  /** `<account>-<seq>-<sink>` */
  readonly id: string
  readonly account: string
  readonly seq: number
  readonly notices: readonly Notice[]
  /** Only in rows of the socket. */
  readonly messages: readonly PostedMessage[]
  /** Tries that the receiver refused so far; an outage is none. */
  readonly attempts: number
  /** Milliseconds since the commit, on the store's clock. */
  readonly ageMs: number
}

/** The next rows of a lane, in the order of their commits; nobody else gets them until the lease ends. */
export interface Claim {
  readonly rows: readonly [OutboxRow, ...OutboxRow[]]
  readonly lease: Date
}

/** One lane: what one account's commits owe to one sink. */
export interface Lane {
  readonly sink: SinkName
  readonly account: string
}

/** Keeps rows until they are delivered. Every method throws `mongodb_unavailable` where the store is away. */
export interface OutboxStore {
  /** Returns the accounts for which rows of the sink are pending, be they due or not. */
  waitingAccounts(sink: SinkName): Promise<readonly string[]>
  /** Claims the first pending rows of a lane, or returns null where there are none or they are not due. */
  claim(lane: Lane): Promise<Claim | null>
  /** Marks rows as sent; to be called once the receiver has confirmed them. */
  settle(lane: Lane, rows: readonly OutboxRow[]): Promise<void>
  /** Puts a claim's first row back, to be due after a pause. Does nothing once the lease has passed to another. */
  postpone(claim: Claim, retry: { readonly pauseMs: number; readonly attempts: number }): Promise<void>
  /** Gives a claim's first row up; the row is kept. Does nothing once the lease has passed to another. */
  bury(claim: Claim, attempts: number): Promise<void>
}

/** What the sockets ask of the same store, to bring clients up to date. */
export interface SocketHistory {
  /** Returns the number of the last commit that every connected client has been told of. */
  lastSent(account: string): Promise<number>
  /** Returns the number of the account's last commit, 0 where it has none. */
  lastCommit(account: string): Promise<number>
  /** Returns rows of the last five minutes, from a commit on, in order: a page, the next one starts after its last. */
  rowsFrom(account: string, seq: number): Promise<readonly OutboxRow[]>
  /** Returns the numbers of the commits after one that were sent, in order, a page of them. */
  sentAfter(account: string, seq: number): Promise<readonly number[]>
}

// What is told of the work on received events, for the log, metrics and the dashboard.

import type { Outcome } from '../../core/inbox-row.ts'

/** An event that was handled, or failed to be. */
export interface HandledEvent {
  readonly account: string
  readonly eventId: string
  readonly type: string
  readonly outcome: Outcome
  /** Why it failed; null for every other outcome. */
  readonly code: string | null
  /** How long its batch took, reads from Stripe included. */
  readonly ms: number
  /** From its receipt until now. */
  readonly lagMs: number
}

/** Told after the commit; nothing that is told can be taken back. Must not throw. */
export interface WorkListener {
  /** An event is settled: done, ignored, parked, failed for now, or dead. */
  readonly onOutcome: (event: HandledEvent) => void
  /** A failed event will be tried again. */
  readonly onRetry: (event: HandledEvent) => void
  /** A failed event is given up. */
  readonly onDead: (event: HandledEvent) => void
  /** An event waits for trouble outside to pass; it stays as it is. */
  readonly onWaiting: (event: HandledEvent) => void
  /** A commit was lost to another writer of the account and is made again. */
  readonly onLostCommit: () => void
  /** A lane was taken over from a process that died or froze. */
  readonly onTakeover: (account: string) => void
  /** The work itself met trouble: the code says which. */
  readonly onTrouble: (code: string, account: string | null) => void
}

// How many events wait to be handled, counted now and then: what was let in since is added, so that the limit holds
// between two counts as well.

import type { Db } from 'mongodb'
import type { InboxStatus } from '../../core/inbox-row.ts'

/** Rows of these wait to be handled; `parked` and `dead` ones wait for a person. */
const waitingStatuses: readonly InboxStatus[] = ['pending', 'failed']

/** Shortest pause between two counts, and how much longer than a count the pause is: counting a million takes a while. */
const shortestPauseMs = 1_000
const pausePerCount = 10

/** How long a count may take. */
const countTimeoutMs = 5_000

export interface BacklogState {
  /** Events that wait, at most so many as the limit. */
  readonly depth: number
  /** When the one that waits longest was received; null where none does. */
  readonly oldest: Date | null
}

export class Backlog {
  readonly #db: Db
  readonly #most: number
  #state: BacklogState = { depth: 0, oldest: null }
  #addedSince = 0
  #timer: NodeJS.Timeout | undefined
  #isOver = false

  constructor(db: Db, most: number) {
    this.#db = db
    this.#most = most
  }

  get state(): BacklogState {
    return this.#state
  }

  /** True while no more events may be let in. */
  get isFull(): boolean {
    return this.#state.depth + this.#addedSince >= this.#most
  }

  /** Told of every event that was let in. */
  add(): void {
    this.#addedSince += 1
  }

  /** Begins to count. Never rejects: what MongoDB does not tell stays as it was. */
  async start(): Promise<void> {
    const started = performance.now()
    this.#addedSince = 0
    this.#state = await countWaiting(this.#db, this.#most).catch(() => this.#state)
    if (this.#isOver) return
    const pauseMs = Math.max(shortestPauseMs, (performance.now() - started) * pausePerCount)
    this.#timer = setTimeout(() => void this.start(), pauseMs).unref()
  }

  end(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
  }
}

const countWaiting = async (db: Db, most: number): Promise<BacklogState> => {
  const events = db.collection<{ readonly status: InboxStatus }>('billing.events')
  const signal = AbortSignal.timeout(countTimeoutMs)
  const depth = await events.countDocuments(
    { status: { $in: [...waitingStatuses] } },
    { limit: most, signal },
  )
  // Each account's first row in the index is the one that it received first; the server jumps from one to the next.
  const [oldest] = await events
    .aggregate<{ readonly received_at: Date }>(
      [
        { $match: { status: 'pending' } },
        { $sort: { stripe_user_id: 1, next_attempt_at: 1 } },
        { $group: { _id: '$stripe_user_id', received_at: { $first: '$received_at' } } },
        { $group: { _id: null, received_at: { $min: '$received_at' } } },
      ],
      { signal },
    )
    .toArray()
  return { depth, oldest: oldest?.received_at ?? null }
}

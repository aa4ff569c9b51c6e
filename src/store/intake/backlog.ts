// How many events wait to be handled, counted now and then: what was let in since is added, so that the limit holds
// between two counts as well. Those that wait for a person are counted with them: whichever process gave them up, and
// were it one that died over them, somebody has to hear of it.

import type { Collection, Db } from 'mongodb'
import type { InboxStatus } from '../../core/inbox-row.ts'
import { restingEvents } from '../collections.ts'

/** Rows of these wait to be handled; `parked` and `dead` ones wait for a person. */
const waitingStatuses: readonly InboxStatus[] = ['pending', 'failed']

/** Shortest pause between two counts, and how much longer than a count the pause is: counting a million takes a while. */
const shortestPauseMs = 1_000
const pausePerCount = 10

/** Dead events are counted up to here: of more nobody needs the number. */
const mostDead = 10_000

/** How long a count may take. */
const countTimeoutMs = 5_000

export interface BacklogState {
  /** Events that wait, at most so many as the limit. */
  readonly depth: number
  /** When the one that waits longest was received; null where none does. */
  readonly oldest: Date | null
  /** Events that were given up and wait for a person, at most 10,000. */
  readonly dead: number
}

/** Counts what waits in the inbox, from `start` until it is ended. */
export class Backlog {
  readonly #db: Db
  readonly #most: number
  readonly #onCounted: (state: BacklogState) => void
  #state: BacklogState = { depth: 0, oldest: null, dead: 0 }
  #addedSince = 0
  #timer: NodeJS.Timeout | undefined
  #isOver = false

  /**
   * @param most events that may wait
   * @param onCounted told after each count
   */
  constructor(db: Db, most: number, onCounted: (state: BacklogState) => void = () => undefined) {
    this.#db = db
    this.#most = most
    this.#onCounted = onCounted
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
    const added = this.#addedSince
    this.#addedSince = 0
    this.#state = await countWaiting(this.#db, this.#most).catch(() => {
      this.#addedSince += added
      return this.#state
    })
    if (this.#isOver) return
    this.#onCounted(this.#state)
    const pauseMs = Math.max(shortestPauseMs, (performance.now() - started) * pausePerCount)
    this.#timer = setTimeout(() => void this.start(), pauseMs).unref()
  }

  end(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
  }
}

interface WaitingRow {
  readonly status: InboxStatus
  readonly received_at: Date
}

const countWaiting = async (db: Db, most: number): Promise<BacklogState> => {
  const events = db.collection<WaitingRow>('billing.events')
  const signal = AbortSignal.timeout(countTimeoutMs)
  // Each status by itself: of several the server takes no partial index, but reads every event that is kept (6.0, measured).
  const counts = await Promise.all(
    waitingStatuses.map((status) => events.countDocuments({ status }, { limit: most, signal })),
  )
  const depth = Math.min(
    most,
    counts.reduce((sum, count) => sum + count, 0),
  )
  const dead = await events.countDocuments({ status: 'dead' }, { limit: mostDead, signal })
  const rows = [await oldestUntried(events, signal), await oldestResting(events, signal)]
  const received = rows.flatMap((row) => row?.received_at.getTime() ?? [])
  return { depth, dead, oldest: received.length === 0 ? null : new Date(Math.min(...received)) }
}

// In the index an account's rows without a date of their next try come first, and among equals the one that was stored
// first: that is exact but for the milliseconds in which several processes may store what they received in another
// order. The server jumps from account to account.
const oldestUntried = async (
  events: Collection<WaitingRow>,
  signal: AbortSignal,
): Promise<Pick<WaitingRow, 'received_at'> | null> => {
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
  return oldest ?? null
}

// Those with a date lie in the order of their next try, which says nothing of their age, and an outage of Stripe may have
// all that wait rest: an index of their own has the oldest first.
const oldestResting = (
  events: Collection<WaitingRow>,
  signal: AbortSignal,
): Promise<Pick<WaitingRow, 'received_at'> | null> =>
  events.findOne(restingEvents, { sort: { received_at: 1 }, projection: { received_at: 1 }, signal })

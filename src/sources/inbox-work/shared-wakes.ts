// Wake-ups over Redis, sent by any process: whichever one is free takes the account's next turn (wake-taker.ts). A BullMQ
// queue with a job per account, which holds nothing but its name: what is due stands in the inbox, so all of Redis may be
// lost at any time, and the sweep goes on without it. Guarantees: a wake-up that comes while the account is at work leads to one more turn
// (`keepLastIfActive`; a job id of the account's, or plain deduplication, would drop it: measured); while Redis is away
// or frozen, wake-ups stay in this process within a second.

import { Queue } from 'bullmq'
import type { Redis } from 'ioredis'
import { inTime } from '../../in-time.ts'

export interface SharedWakesOptions {
  /** For commands that are answered or fail soon. */
  readonly connection: Redis
  /** Names the inbox: processes that share it share the wake-ups. */
  readonly inbox: string
  /** Called in place of a wake-up that Redis can't take. */
  readonly onLost: (account: string) => void
  /** Told once that Redis does not answer, and once that it does again. */
  readonly onAway: (isAway: boolean) => void
}

/** Wake-ups sent as one command. */
const largestBulk = 500

/** How long Redis may take before it counts as away, and how often it is looked after. */
const patienceMs = 1_000
const probeEveryMs = 1_000

/** Commands in a row that go without an answer before anybody is told: one alone may have met a busy moment. */
const missesToTell = 2

// A job that is kept would block the next one of its account for ever; there is nothing to try again.
const jobOptions = { removeOnComplete: true, removeOnFail: true, attempts: 1 } as const

/** Returns the name of the queue of an inbox. */
export const wakesQueueOf = (inbox: string): string => `billing-sync-work-${inbox}`

/** Sends wake-ups until it is closed. Nothing of it rejects: what Redis can't take is handed to `onLost`. */
export class SharedWakes {
  readonly #options: SharedWakesOptions
  readonly #queue: Queue
  readonly #probing: NodeJS.Timeout
  readonly #pending = new Set<string>()
  #isSending = false
  #isAway = false
  #misses = 0
  #isClosed = false

  constructor(options: SharedWakesOptions) {
    this.#options = options
    const { connection, inbox } = options
    this.#queue = new Queue(wakesQueueOf(inbox), { connection, skipVersionCheck: true })
    // Without a listener an error event would end the process; what fails is found by the probe.
    this.#queue.on('error', () => undefined)
    this.#probing = setInterval(() => void this.#probe(), probeEveryMs)
  }

  /** True while Redis does not answer. */
  get isAway(): boolean {
    return this.#isAway
  }

  /** Wakes an account in the process that is free next. Never throws. */
  wake(account: string): void {
    this.#pending.add(account)
    if (this.#isAway || this.#options.connection.status !== 'ready') this.#keepHere()
    else if (!this.#isSending) void this.#sendAll()
  }

  /** Lets go of Redis, within a second. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#probing)
    await inTime(this.#queue.close(), patienceMs, null).catch(() => undefined)
    this.#options.connection.disconnect()
  }

  // What comes while a command is under way goes with the next one.
  async #sendAll(): Promise<void> {
    this.#isSending = true
    while (this.#pending.size > 0) {
      const accounts = [...this.#pending].slice(0, largestBulk)
      for (const account of accounts) this.#pending.delete(account)
      if (await this.#answers(() => this.#queue.addBulk(accounts.map(jobOf)))) continue
      for (const account of accounts) this.#pending.add(account)
      this.#keepHere()
    }
    this.#isSending = false
  }

  #keepHere(): void {
    for (const account of this.#pending) this.#options.onLost(account)
    this.#pending.clear()
  }

  async #probe(): Promise<void> {
    await this.#answers(() => this.#options.connection.ping())
  }

  async #answers(command: () => Promise<unknown>): Promise<boolean> {
    const answer = command().then(
      () => true,
      () => false,
    )
    const isAnswered = await inTime(answer, patienceMs, false)
    this.#isAway = !isAnswered
    this.#tell(isAnswered)
    return isAnswered
  }

  #tell(isAnswered: boolean): void {
    if (this.#isClosed) return
    if (isAnswered && this.#misses >= missesToTell) this.#options.onAway(false)
    this.#misses = isAnswered ? 0 : this.#misses + 1
    if (this.#misses === missesToTell) this.#options.onAway(true)
  }
}

const jobOf = (account: string) => ({
  name: account,
  data: {},
  opts: { ...jobOptions, deduplication: { id: account, keepLastIfActive: true } },
})

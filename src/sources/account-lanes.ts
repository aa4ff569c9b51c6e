// Bulk input, spread over accounts: batches of one account run one after another, those of several accounts side
// by side, and heavy items in batches of their own. Guarantees: of one account's items those of one id are handled in
// their order, and so are those of one sort, heavy or light; what waits is bounded, however the accounts are mixed in the
// input; with a pace, no account gets more items a second than it allows, one second's worth at a time.

import { setTimeout as wait } from 'node:timers/promises'
import { isHeavy } from '../core/payload-weight.ts'

/** Most items of one batch, and its most bytes of payload: the fuller, the fewer commits and the fewer writes of one document. */
const largestBatch = 700
const largestBatchBytes = 8 * 1024 * 1024

/** The same of all that waits for its batch, over all accounts: with 5,000 a replay took 221 MB, with 8,000 245, with 20,000 325. */
const mostWaiting = 8_000
const mostWaitingBytes = 32 * 1024 * 1024

/** Batches under way at once: MongoDB commits one while the next is folded (measured on 2 cores: a third gains nothing). */
const batchesAtOnce = 2

export interface LaneItem {
  readonly account: string
  readonly size: number
}

/** How fast each account may go. */
export interface LanePace {
  /** Items a second of one account, over 0; null: as fast as it goes. */
  readonly itemsPerSecond: number | null
  /** Ends all rests between batches. */
  readonly signal: AbortSignal
}

interface Lane<Item> {
  readonly account: string
  waiting: Item[]
  /** True while a batch runs, and while the lane rests after one. */
  busy: boolean
}

/** Hands items over in batches, each account's after one another. `push` and `drain` reject with what one rejected with. */
export class AccountLanes<Item extends LaneItem> {
  readonly #lanes = new Map<string, Lane<Item>>()
  readonly #running = new Set<Promise<void>>()
  readonly #resting = new Set<Promise<void>>()
  readonly #runBatch: (account: string, items: readonly Item[]) => Promise<void>
  readonly #idOf: (item: Item) => string | null
  readonly #itemsPerSecond: number | null
  readonly #batchSize: number
  readonly #over = new AbortController()
  readonly #endOfRests: AbortSignal
  #waiting = 0
  #waitingBytes = 0
  #fault: { readonly thrown: unknown } | null = null

  /**
   * @param runBatch handles items of one account
   * @param idOf answers the id by which items must keep their order, null where there is none; asked only beside heavy items
   */
  constructor(
    runBatch: (account: string, items: readonly Item[]) => Promise<void>,
    idOf: (item: Item) => string | null,
    { itemsPerSecond, signal }: LanePace,
  ) {
    this.#runBatch = runBatch
    this.#idOf = idOf
    this.#itemsPerSecond = itemsPerSecond
    this.#batchSize = Math.min(largestBatch, Math.ceil(itemsPerSecond ?? largestBatch))
    this.#endOfRests = AbortSignal.any([signal, this.#over.signal])
  }

  /** Items that wait for their batch. */
  get waiting(): number {
    return this.#waiting
  }

  /** Adds an item; what it returns resolves once there is room for the next. Rejects with what a batch rejected with. */
  push(item: Item): Promise<void> | undefined {
    this.add(item)
    return this.#isFull() ? this.#awaitRoom() : undefined
  }

  /** Adds an item without waiting for room: for a batch that finds items of another lane among its own. */
  add(item: Item): void {
    const lane = this.#lanes.get(item.account) ?? { account: item.account, waiting: [], busy: false }
    this.#lanes.set(item.account, lane)
    lane.waiting.push(item)
    this.#waiting += 1
    this.#waitingBytes += item.size
    if (lane.waiting.length >= this.#batchSize) this.#start(lane)
  }

  /** Handles what waits, be it little, until nothing does or `isOver` says so. Rejects with what a batch rejected with. */
  async settle(isOver: () => boolean): Promise<void> {
    while (this.#waiting > 0 && !isOver()) await this.#makeRoom()
  }

  /** Resolves when every item has been handled. */
  async drain(): Promise<void> {
    while (this.#waiting > 0 || this.#running.size > 0) await this.#makeRoom()
    this.#over.abort()
    this.#tellFault()
  }

  #isFull(): boolean {
    return this.#waiting >= mostWaiting || this.#waitingBytes >= mostWaitingBytes
  }

  async #awaitRoom(): Promise<void> {
    while (this.#isFull()) await this.#makeRoom()
  }

  async #makeRoom(): Promise<void> {
    const fullestFirst = [...this.#lanes.values()].sort((a, b) => b.waiting.length - a.waiting.length)
    for (const lane of fullestFirst) this.#start(lane)
    await Promise.race([...this.#running, ...this.#resting])
    this.#tellFault()
  }

  #tellFault(): void {
    if (this.#fault !== null) throw this.#fault.thrown
  }

  #start(lane: Lane<Item>): void {
    if (lane.busy || lane.waiting.length === 0 || this.#running.size >= batchesAtOnce) return
    const items = this.#cut(lane)
    lane.busy = true
    const rest = this.#rest(items.length)
    const run = this.#finish(this.#runBatch(lane.account, items)).finally(() => this.#running.delete(run))
    this.#running.add(run)
    // A lane that rests takes no place of those under way.
    const pause = Promise.all([run, rest]).then(() => {
      this.#resting.delete(pause)
      this.#wake(lane)
    })
    this.#resting.add(pause)
  }

  // Lasts from the start of a batch until the account may have the next.
  async #rest(count: number): Promise<void> {
    if (this.#itemsPerSecond === null) return
    const restMs = (count / this.#itemsPerSecond) * 1000
    await wait(restMs, undefined, { signal: this.#endOfRests }).catch((error: unknown) => {
      if (!this.#endOfRests.aborted) throw error
    })
  }

  // A batch that rejects is told by the next push or drain; nobody may be waiting for it now.
  async #finish(batch: Promise<void>): Promise<void> {
    try {
      await batch
    } catch (error) {
      this.#fault ??= { thrown: error }
      this.#over.abort()
    }
  }

  #wake(lane: Lane<Item>): void {
    lane.busy = false
    if (lane.waiting.length === 0) this.#lanes.delete(lane.account)
    else if (lane.waiting.length >= this.#batchSize) this.#start(lane)
  }

  // The first in line with all of its sort, as far as none of them overtakes one of its own id: the first is kept.
  #cut(lane: Lane<Item>): readonly Item[] {
    const batch: Item[] = []
    const passed: Item[] = []
    const passedIds = new Set<string | null>()
    let bytes = 0
    for (const item of lane.waiting) {
      if (batch.length === this.#batchSize) break
      const isOfSort = isHeavy(item.size) === isHeavy(batch[0]?.size ?? item.size)
      if (!isOfSort) {
        passed.push(item)
        passedIds.add(this.#idOf(item))
        continue
      }
      if (passed.length > 0 && passedIds.has(this.#idOf(item))) break
      if (batch.length > 0 && bytes + item.size > largestBatchBytes) break
      batch.push(item)
      bytes += item.size
    }
    lane.waiting.splice(0, batch.length + passed.length, ...passed)
    this.#waiting -= batch.length
    this.#waitingBytes -= bytes
    return batch
  }
}

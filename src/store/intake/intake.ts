// Takes webhooks into the inbox. Guarantee: `stored` and `duplicate` are answered only for what a majority has in its
// journal; a known event is never written over; every answer comes in the time that is given, and at once while MongoDB is
// known to be away. What is refused may have been stored all the same: it is the same row when it comes again.
//
// Rows are written in groups, without a timer: while one insert is under way, the next group collects, and what the
// event loop has at hand joins it. Alone a delivery waits for nobody, under load hundreds share one journal flush (2,700 a
// second one by one, 5,700 in groups, measured).

import { setImmediate as nextTurnOfLoop } from 'node:timers/promises'
import type { Db } from 'mongodb'
import { isRetryable } from '../../errors.ts'
import type { Delivery, Receipt } from '../../ports/pipeline-store.ts'
import { rowOf } from '../inbox.ts'
import { duplicateKey } from '../mongo-errors.ts'
import type { Backlog } from './backlog.ts'
import { findConflicts } from './conflicts.ts'
import { durably } from './durably.ts'
import { type Group, GroupQueue, type Waiting } from './group-queue.ts'
import type { WriteGate } from './write-gate.ts'

export interface IntakeListener {
  /** New rows of these accounts are in the inbox, or may be. */
  readonly onStored: (accounts: ReadonlySet<string>) => void
  /** Another event came under a known id: the first one is kept. */
  readonly onConflict: (delivery: Delivery) => void
}

export interface IntakeOptions {
  readonly db: Db
  readonly gate: WriteGate
  readonly backlog: Pick<Backlog, 'isFull' | 'add'>
  readonly listener: IntakeListener
}

/** How long one insert may take. */
const insertTimeoutMs = 2_000

/** Pause before an insert is tried again within its time: a new primary is elected. */
const retryPauseMs = 100

/** Takes deliveries in, each answered by a `Receipt`; it never rejects. */
export class Intake {
  readonly #options: IntakeOptions
  readonly #queue = new GroupQueue()
  #running: Promise<void> | null = null
  #comparing: Promise<void> = Promise.resolve()

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  /** Stores a delivery, or answers within so many milliseconds why it is not known to be stored. Never rejects. */
  receive(delivery: Delivery, patienceMs: number): Promise<Receipt> {
    const { gate, backlog } = this.#options
    if (!gate.isOpen) return Promise.resolve('mongodb_unavailable')
    if (backlog.isFull) return Promise.resolve('backlog_full')
    if (!this.#queue.hasRoomFor(delivery)) return Promise.resolve('too_busy')
    const receipt = this.#queue.add(delivery, patienceMs)
    this.#running ??= this.#run()
    return receipt
  }

  /** Resolves once nothing waits any more. */
  async drain(): Promise<void> {
    await this.#running
    await this.#comparing
  }

  async #run(): Promise<void> {
    for (;;) {
      await nextTurnOfLoop()
      const group = this.#queue.cut()
      if (group.size === 0) break
      try {
        await this.#store(group)
      } catch (error) {
        this.#options.gate.close(error)
        for (const waiting of [...group.values()].flat()) waiting.answer('mongodb_unavailable')
        this.#queue.answerAll('mongodb_unavailable')
      }
    }
    this.#running = null
  }

  async #store(group: Group): Promise<void> {
    const { db, backlog, listener } = this.#options
    const entries = [...group.values()]
    const rows = entries.map(([{ delivery }]) => rowOf({ delivery, source: 'webhook' }))
    const { failures, isRepeated } = await insertRows(db, rows)
    const stored = new Set<string>()
    const known: Waiting[] = []
    for (const [index, [first, ...copies]] of entries.entries()) {
      const code = failures.get(index)
      // An attempt before may have stored it: nobody was told of it then.
      if (code === undefined || (isRepeated && code === duplicateKey)) stored.add(first.delivery.account)
      if (code === undefined) backlog.add()
      const isThere = code === undefined || code === duplicateKey
      first.answer(code === undefined ? 'stored' : isThere ? 'duplicate' : 'mongodb_unavailable')
      for (const copy of copies) copy.answer(isThere ? 'duplicate' : 'mongodb_unavailable')
      known.push(...(code === duplicateKey ? [first] : []), ...copies)
    }
    if (stored.size > 0) listener.onStored(stored)
    await this.#compare(known.map(({ delivery }) => delivery))
  }

  // After the answers, since it changes none of them; one comparison at a time, so that what it holds is bounded.
  async #compare(known: readonly Delivery[]): Promise<void> {
    if (known.length === 0) return
    await this.#comparing
    const { db, listener } = this.#options
    this.#comparing = findConflicts(db, known).then((conflicts) => {
      for (const delivery of conflicts) listener.onConflict(delivery)
    })
  }
}

interface Inserted {
  /** The error code of each row that was not written. */
  readonly failures: ReadonlyMap<number, number>
  /** True where an attempt before may have written some of the rows. */
  readonly isRepeated: boolean
}

const insertRows = async (db: Db, documents: readonly ReturnType<typeof rowOf>[]): Promise<Inserted> => {
  const signal = AbortSignal.timeout(insertTimeoutMs)
  for (let isRepeated = false; ; isRepeated = true) {
    try {
      const command = { insert: 'billing.events', documents, ordered: false }
      const { writeErrors } = await durably(db, command, signal)
      return { failures: new Map(writeErrors.map(({ index, code }) => [index, code])), isRepeated }
    } catch (error) {
      // Inserting again is safe: what got through is a duplicate then.
      if (signal.aborted || !isRetryable(error)) throw error
      await new Promise((resolve) => setTimeout(resolve, retryPauseMs))
    }
  }
}

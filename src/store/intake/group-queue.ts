// Deliveries that wait for the next insert. Guarantee: what waits is bounded; a delivery that waited too long is answered
// and dropped; deliveries of one event share one row.

import type { Delivery, Receipt } from '../../ports/pipeline-store.ts'
import { rowIdOf } from '../inbox.ts'

/** A delivery that waits, and how it is answered. */
export interface Waiting {
  readonly delivery: Delivery
  /** Answers, once: what comes after is nobody's answer any more. */
  readonly answer: (receipt: Receipt) => void
}

/** Deliveries of one event: the first of them is the one that is written. */
export type SameEvent = readonly [Waiting, ...Waiting[]]

/** What one insert writes, by the row's `_id`. */
export type Group = ReadonlyMap<string, SameEvent>

/** Most rows and bytes of a group, and most bytes that wait for theirs. */
const mostRows = 500
const mostGroupBytes = 8 * 1024 * 1024
const mostWaitingBytes = 32 * 1024 * 1024

/** Queues deliveries and cuts them into groups, each as large as one insert may be. */
export class GroupQueue {
  #waiting = new Set<Waiting>()
  #waitingBytes = 0

  hasRoomFor({ payload }: Delivery): boolean {
    return this.#waitingBytes + payload.byteLength <= mostWaitingBytes
  }

  /** Adds a delivery; resolves with its answer, which is `mongodb_unavailable` where none came in time. */
  add(delivery: Delivery, patienceMs: number): Promise<Receipt> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#remove(waiting)
        resolve('mongodb_unavailable')
      }, patienceMs)
      const answer = (receipt: Receipt): void => {
        clearTimeout(timer)
        resolve(receipt)
      }
      const waiting = { delivery, answer }
      this.#waiting.add(waiting)
      this.#waitingBytes += delivery.payload.byteLength
    })
  }

  /** Takes the next group out: those that came first. */
  cut(): Group {
    const group = new Map<string, [Waiting, ...Waiting[]]>()
    let bytes = 0
    for (const waiting of this.#waiting) {
      const { delivery } = waiting
      if (group.size >= mostRows || (group.size > 0 && bytes + delivery.payload.byteLength > mostGroupBytes))
        break
      this.#remove(waiting)
      bytes += delivery.payload.byteLength
      const rowId = rowIdOf(delivery)
      const same = group.get(rowId)
      if (same === undefined) group.set(rowId, [waiting])
      else same.push(waiting)
    }
    return group
  }

  /** Answers everything that waits. */
  answerAll(receipt: Receipt): void {
    for (const waiting of this.#waiting) {
      this.#remove(waiting)
      waiting.answer(receipt)
    }
  }

  #remove(waiting: Waiting): void {
    if (this.#waiting.delete(waiting)) this.#waitingBytes -= waiting.delivery.payload.byteLength
  }
}

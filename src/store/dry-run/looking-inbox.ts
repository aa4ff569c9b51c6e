// The inbox of a dry run: rows that are there are looked at, new ones only remembered. Guarantee: two events under
// one id conflict just as they would if the first had been stored.

import { createHash } from 'node:crypto'
import type { Db } from 'mongodb'
import { isJsonObject } from '../../core/json.ts'
import { problemOfStoring } from '../../core/storable.ts'
import type { Delivery, ReceivedRow } from '../../ports/pipeline-store.ts'
import { comparedPart, fresh, isSameEvent, keptRow, rowIdOf, storedRows } from '../inbox.ts'

/** Answers for each delivery the row that the inbox has, or would have by now. */
export class LookingInbox {
  readonly #db: Db
  /** The events that would have been stored, by row. */
  readonly #remembered = new Map<string, Remembered>()

  constructor(db: Db) {
    this.#db = db
  }

  /** Returns each delivery's row as it is, or as it would be had it been stored. Throws `mongodb_unavailable`. */
  async receive(deliveries: readonly Delivery[]): Promise<readonly ReceivedRow[]> {
    const stored = await storedRows(this.#db, deliveries)
    return deliveries.map((delivery) => {
      const rowId = rowIdOf(delivery)
      const row = stored.get(rowId)
      if (row === undefined)
        return { rowId, state: fresh, conflict: this.#conflicts(rowId, delivery.payload) }
      const { status, attempts, payload } = row
      return { rowId, state: { status, attempts }, conflict: !isSameEvent(payload.buffer, delivery.payload) }
    })
  }

  /** The same for events that Stripe lists: the rendering that is stored counts. Throws `mongodb_unavailable`. */
  async receiveListed(deliveries: readonly Delivery[]): Promise<readonly ReceivedRow[]> {
    const stored = await storedRows(this.#db, deliveries)
    return deliveries.map((delivery) => {
      const rowId = rowIdOf(delivery)
      const row = stored.get(rowId)
      return row === undefined ? { rowId, state: fresh, conflict: false } : keptRow(row)
    })
  }

  #conflicts(rowId: string, payload: Uint8Array): boolean {
    const known = this.#remembered.get(rowId)
    const event = rememberedOf(payload)
    if (known === undefined) this.#remembered.set(rowId, event)
    return known !== undefined && !isSameRemembered(known, event)
  }
}

/** A fingerprint: the payloads of all would keep the whole input in memory. A payload where MongoDB can't hold the event. */
type Remembered = string | Uint8Array

const rememberedOf = (payload: Uint8Array): Remembered => {
  const event = comparedPart(payload)
  // What is nested without end has no text.
  if (problemOfStoring(event) !== null) return payload
  return createHash('sha256').update(JSON.stringify(event, withSortedKeys)).digest('base64')
}

// An event that MongoDB can hold is none that it can't.
const isSameRemembered = (one: Remembered, other: Remembered): boolean =>
  typeof one === 'string' || typeof other === 'string' ? one === other : isSameEvent(one, other)

const withSortedKeys = (_key: string, value: unknown): unknown =>
  isJsonObject(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value

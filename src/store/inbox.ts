// The inbox: every event received, in the bytes it came in. Guarantee: a row is written once and never overwritten by a
// later delivery. That of a webhook is written on its own, before any transaction touches it (majority, journaled); that
// of an event which its source keeps is written by the commit that handles it, or here where none could.

import { Binary, type Db } from 'mongodb'
import { freshRow, type InboxState, type InboxStatus } from '../core/inbox-row.ts'
import { isEqual, isEqualAtAnyDepth, type Json, without } from '../core/json.ts'
import type { ObservationSource } from '../core/observation.ts'
import { documentId } from '../core/projection-document.ts'
import { problemOfStoring } from '../core/storable.ts'
import { parseStripeEvent } from '../core/stripe-event.ts'
import type { Delivery, NewRow, ReceivedRow } from '../ports/pipeline-store.ts'
import { takenIndexes, translateMongoErrors } from './mongo-errors.ts'

interface EventRow {
  readonly _id: string
  readonly status: InboxStatus
  readonly attempts: number
  readonly payload: Binary
}

/** Stores those of the deliveries that are new, and returns each one's row. Throws `mongodb_unavailable`. */
export const receiveEvents = async (
  db: Db,
  deliveries: readonly Delivery[],
  source: ObservationSource,
): Promise<readonly ReceivedRow[]> =>
  translateMongoErrors(async () => {
    const rows = firstOfEach(deliveries)
    const taken = await insertRows(
      db,
      [...rows.values()].map((delivery) => rowOf({ delivery, source })),
    )
    const stored = await readRows(db, taken)
    return deliveries.map((delivery) => receivedRow(delivery, rows, stored))
  })

/**
 * Returns each delivery's row: as it is, or, where there is none, to be written by the commit. A file keeps its events
 * until they are handled, so nothing is stored before: that saves each row an update and each batch a wait for the
 * journal. Throws `mongodb_unavailable`.
 */
export const lookUpEvents = async (
  db: Db,
  deliveries: readonly Delivery[],
  source: ObservationSource,
): Promise<readonly ReceivedRow[]> => {
  const rows = firstOfEach(deliveries)
  const stored = await storedRows(db, deliveries)
  return deliveries.map((delivery) => {
    const row = receivedRow(delivery, rows, stored)
    return stored.has(row.rowId) ? row : { ...row, newRow: { delivery, source } }
  })
}

/**
 * Returns rows as `lookUpEvents` does, for events that Stripe itself lists under their ids. It renders an event for each
 * endpoint in that endpoint's version, so one that is known and differs is no conflict: the rendering that is stored
 * counts. Throws `mongodb_unavailable`.
 */
export const lookUpListedEvents = async (
  db: Db,
  deliveries: readonly Delivery[],
  source: ObservationSource,
): Promise<readonly ReceivedRow[]> => {
  const stored = await storedRows(db, deliveries)
  return deliveries.map((delivery) => {
    const rowId = rowIdOf(delivery)
    const row = stored.get(rowId)
    return row === undefined
      ? { rowId, state: fresh, conflict: false, newRow: { delivery, source } }
      : keptRow(row)
  })
}

/** Returns a row with the event that it holds. */
export const keptRow = ({ _id: rowId, status, attempts, payload }: EventRow): ReceivedRow => {
  const parsed = parseStripeEvent(JSON.parse(Buffer.from(payload.buffer).toString('utf8')))
  // What is in the inbox was found to be an event before.
  const kept = 'event' in parsed ? { kept: parsed.event } : {}
  return { rowId, state: { status, attempts }, conflict: false, ...kept }
}

/** The state of a row that was just inserted. */
export const fresh: InboxState = { status: freshRow.status, attempts: freshRow.attempts }

/** A row that is gone had been settled. */
const expired: InboxState = { status: 'done', attempts: 0 }

/** Returns the rows of deliveries that were read out of the inbox, as they are by now. Throws `mongodb_unavailable`. */
export const reopenEvents = (db: Db, deliveries: readonly Delivery[]): Promise<readonly ReceivedRow[]> =>
  translateMongoErrors(async () => {
    const projection = { status: 1, attempts: 1 }
    const rows = await db
      .collection<EventRow>('billing.events')
      .find({ _id: { $in: deliveries.map(rowIdOf) } }, { projection })
      .toArray()
    const states = new Map(rows.map(({ _id, status, attempts }) => [_id, { status, attempts }]))
    return deliveries.map(rowIdOf).map((rowId) => ({
      rowId,
      state: states.get(rowId) ?? expired,
      conflict: false,
    }))
  })

/** Returns the `_id` of a delivery's row. */
export const rowIdOf = ({ account, event }: Delivery): string => documentId(account, event.id)

const firstOfEach = (deliveries: readonly Delivery[]): ReadonlyMap<string, Delivery> => {
  const rows = new Map<string, Delivery>()
  for (const delivery of deliveries) if (!rows.has(rowIdOf(delivery))) rows.set(rowIdOf(delivery), delivery)
  return rows
}

const receivedRow = (
  delivery: Delivery,
  inserted: ReadonlyMap<string, Delivery>,
  stored: ReadonlyMap<string, EventRow>,
): ReceivedRow => {
  const rowId = rowIdOf(delivery)
  const row = stored.get(rowId)
  const kept = row?.payload.buffer ?? inserted.get(rowId)?.payload ?? delivery.payload
  return {
    rowId,
    state: row === undefined ? fresh : { status: row.status, attempts: row.attempts },
    conflict: kept !== delivery.payload && !isSameEvent(kept, delivery.payload),
  }
}

const insertRows = async (db: Db, rows: readonly ReturnType<typeof rowOf>[]): Promise<readonly string[]> => {
  try {
    await db.collection<{ _id: string }>('billing.events').insertMany(rows, { ordered: false })
    return []
  } catch (error) {
    const taken = takenIndexes(error)
    return rows.filter((_, index) => taken.has(index)).map((row) => row._id)
  }
}

/** Returns the rows of deliveries, as far as they are there. Throws `mongodb_unavailable`. */
export const storedRows = (db: Db, deliveries: readonly Delivery[]): Promise<ReadonlyMap<string, EventRow>> =>
  translateMongoErrors(() => readRows(db, [...new Set(deliveries.map(rowIdOf))]))

const readRows = async (db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, EventRow>> => {
  if (ids.length === 0) return new Map()
  const projection = { status: 1, attempts: 1, payload: 1 }
  const rows = await db
    .collection<EventRow>('billing.events')
    .find({ _id: { $in: [...ids] } }, { projection })
    .toArray()
  return new Map(rows.map((row) => [row._id, row]))
}

/** Returns the row of an event that nobody has handled yet; one that comes with its commit is received at the commit's time. */
export const rowOf = (
  { delivery: { account, event, payload }, source }: NewRow,
  receivedAt: Date = new Date(),
) => ({
  _id: documentId(account, event.id),
  event_id: event.id,
  stripe_user_id: account,
  livemode: event.livemode,
  type: event.type,
  api_version: event.apiVersion,
  created: new Date(event.created * 1000),
  received_at: receivedAt,
  source,
  ...freshRow,
  payload: new Binary(payload),
})

/** Stripe counts down `pending_webhooks` between deliveries of one event. */
const uncompared: ReadonlySet<string> = new Set(['pending_webhooks'])

/** Tells whether two payloads hold the same event: as JSON, key order and white space aside. */
export const isSameEvent = (left: Uint8Array, right: Uint8Array): boolean => {
  if (Buffer.compare(left, right) === 0) return true
  const [one, other] = [comparedPart(left), comparedPart(right)]
  // What is nested too deep to be stored is delivered again as well.
  return problemOfStoring(one) === null ? isEqual(one, other) : isEqualAtAnyDepth(one, other)
}

/** Returns the part of an event that two deliveries of it share. */
export const comparedPart = (payload: Uint8Array): Json => {
  const event: Json = JSON.parse(Buffer.from(payload).toString('utf8'))
  return typeof event === 'object' && event !== null && !Array.isArray(event)
    ? without(event as never, uncompared)
    : event
}

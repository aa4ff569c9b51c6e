// Reads events out of the inbox by `created`, then `event_id`, as a stream. Guarantee: bounded memory, whatever the
// inbox holds; a cursor that is lost, or a server that is away for less than a minute, is taken up where it stopped.

import { setTimeout as wait } from 'node:timers/promises'
import type { Binary, Db, Filter } from 'mongodb'
import type { EventCriteria } from '../core/event-criteria.ts'
import type { InboxStatus } from '../core/inbox-row.ts'
import { isRetryable } from '../errors.ts'
import type { StoredEvent } from '../ports/pipeline-store.ts'
import { unsettledEvents } from './collections.ts'
import { isCursorLost, translateMongoErrors } from './mongo-errors.ts'

interface EventRow {
  readonly _id: string
  readonly stripe_user_id: string
  readonly event_id: string
  readonly type: string
  readonly status: InboxStatus
  readonly created: Date
  readonly payload: Binary
}

export interface StoredSelection extends Omit<EventCriteria, 'types'> {
  /** Empty: rows of any status. */
  readonly statuses: readonly InboxStatus[]
  /** Null: events of any type. */
  readonly acceptsType: ((type: string) => boolean) | null
}

export interface StoredEvents {
  /** Rows that the selection takes, and those that it leaves, as counted before the first is read. */
  readonly selected: number
  readonly dropped: number
  /** Throws `mongodb_unavailable`. */
  readonly rows: AsyncIterable<StoredEvent>
}

/** Selects rows of the inbox. Throws `mongodb_unavailable`. */
export const selectStoredEvents = (db: Db, selection: StoredSelection): Promise<StoredEvents> =>
  translateMongoErrors(async () => {
    const events = db.collection<EventRow>('billing.events')
    const query = await queryOf(db, selection)
    // Out of the index: payloads are most of what an inbox weighs.
    const counted = events.countDocuments({}, { hint: { _id: 1 } })
    const [all, selected] = await Promise.all([counted, events.countDocuments(query)])
    return { selected, dropped: all - selected, rows: readRows(db, query) }
  })

// All accounts are named where none is asked for: so the index of each is read in order and merged, with no sort.
const queryOf = async (db: Db, selection: StoredSelection): Promise<Filter<EventRow>> => {
  const { statuses, ids, accounts, since, until, acceptsType } = selection
  const named = accounts.length > 0 ? accounts : await valuesOf(db, 'stripe_user_id', {})
  const query: Filter<EventRow> = {
    stripe_user_id: { $in: [...named] },
    ...(statuses.length > 0 ? statusesIn(statuses) : {}),
    ...(ids.length > 0 ? { event_id: { $in: [...ids] } } : {}),
    ...(since !== null || until !== null ? { created: rangeOf(since, until) } : {}),
  }
  if (acceptsType === null) return query
  return { ...query, type: { $in: (await valuesOf(db, 'type', query)).filter(acceptsType) } }
}

// The server takes the index of unsettled events for several of its statuses only where its own filter is said as well.
const statusesIn = (statuses: readonly InboxStatus[]): Filter<EventRow> => {
  const named = { status: { $in: [...statuses] } }
  const { $in: unsettled } = unsettledEvents.status
  return statuses.every((status) => unsettled.some((one) => one === status))
    ? { $and: [named, unsettledEvents] }
    : named
}

const rangeOf = (since: Date | null, until: Date | null): { $gte?: Date; $lt?: Date } => ({
  ...(since === null ? {} : { $gte: since }),
  ...(until === null ? {} : { $lt: until }),
})

// Grouped, since the answer to `distinct` must fit into one document.
const valuesOf = async (
  db: Db,
  field: 'stripe_user_id' | 'type',
  query: Filter<EventRow>,
): Promise<readonly string[]> => {
  const groups = db
    .collection<EventRow>('billing.events')
    .aggregate<{ readonly _id: string }>([{ $match: query }, { $group: { _id: `$${field}` } }])
  return (await groups.toArray()).map(({ _id }) => _id)
}

/** The last row that was read, and all rows of its second and event id: ids are unique within an account only. */
interface Position {
  readonly created: Date
  readonly eventId: string
  readonly rowIds: ReadonlySet<string>
}

/** How long a server that is away is waited for, and the pause between attempts. */
const patienceMs = 60_000
const pauseMs = 500

async function* readRows(db: Db, query: Filter<EventRow>): AsyncGenerator<StoredEvent> {
  let position: Position | null = null
  let deadline = Number.POSITIVE_INFINITY
  for (;;) {
    try {
      for await (const row of openCursor(db, query, position)) {
        if (position?.rowIds.has(row._id) === true) continue
        position = positionAt(row, position)
        deadline = Number.POSITIVE_INFINITY
        yield { rowId: row._id, account: row.stripe_user_id, payload: row.payload.buffer }
      }
      return
    } catch (error) {
      deadline = Math.min(deadline, performance.now() + patienceMs)
      await outlast(error, deadline)
    }
  }
}

const openCursor = (db: Db, query: Filter<EventRow>, position: Position | null) => {
  const from =
    position === null
      ? {}
      : {
          created: { $gte: position.created },
          $or: [
            { created: { $gt: position.created } },
            { created: position.created, event_id: { $gte: position.eventId } },
          ],
        }
  return db
    .collection<EventRow>('billing.events')
    .find({ $and: [query, from] })
    .project<EventRow>({ stripe_user_id: 1, event_id: 1, created: 1, payload: 1 })
    .sort({ created: 1, event_id: 1 })
    .allowDiskUse()
}

const positionAt = ({ _id, created, event_id: eventId }: EventRow, last: Position | null): Position => {
  const isSame = last?.created.getTime() === created.getTime() && last.eventId === eventId
  return { created, eventId, rowIds: new Set([...(isSame ? last.rowIds : []), _id]) }
}

// A lost cursor is opened again at once.
const outlast = async (error: unknown, deadline: number): Promise<void> => {
  if (isCursorLost(error)) return
  const told = await translateMongoErrors(() => Promise.reject(error)).catch((thrown: unknown) => thrown)
  if (!isRetryable(told) || performance.now() > deadline) throw told
  await wait(pauseMs)
}

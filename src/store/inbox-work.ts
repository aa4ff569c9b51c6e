// What there is to do in the inbox, by the server's clock alone. Guarantees: the accounts with due events are found by
// one read of an index, however many events wait (a step per account); a batch is bounded in rows and bytes; an account's
// events that were never tried come before those that failed, in batches of their own.

import type { Binary, Db, Document } from 'mongodb'
import type { InboxFailure, InboxStatus } from '../core/inbox-row.ts'
import type { DueEvent, WorkStore } from '../work-store.ts'
import { translateMongoErrors } from './mongo-errors.ts'

interface EventRow {
  readonly _id: string
  readonly stripe_user_id: string
  readonly status: InboxStatus
  readonly attempts: number
  readonly payload: Binary
}

type ReadRow = EventRow & { readonly age_ms: number }

/** Most events of a batch, and its most bytes of payload; a single event may be larger. */
const largestBatch = 200
const largestBatchBytes = 8 * 1024 * 1024

/** In the order in which they are worked off: events that never failed, then those that did. */
const dueStatuses = ['pending', 'failed'] as const

const isDue = { $expr: { $lte: ['$next_attempt_at', '$$NOW'] } }

/** Returns the inbox as the work sees it. */
export const openWorkStore = (db: Db): WorkStore => ({
  dueAccounts: () =>
    translateMongoErrors(async () => {
      const found = await Promise.all(
        dueStatuses.map((status) => accountsWith(db, status, [{ $match: firstIsDue }])),
      )
      return [...new Set(found.flat())]
    }),
  dueEvents: (account) =>
    translateMongoErrors(async () => {
      for (const status of dueStatuses) {
        const events = await readDue(db, account, status)
        if (events.length > 0) return events
      }
      return []
    }),
  postpone: (rowIds, pauseMs) =>
    translateMongoErrors(async () => {
      const filter = { _id: { $in: [...rowIds] }, status: 'pending' as const }
      await eventsOf(db).updateMany(filter, [{ $set: { next_attempt_at: { $add: ['$$NOW', pauseMs] } } }])
    }),
  bury: (rowId, error) =>
    translateMongoErrors(async () => {
      await eventsOf(db).updateOne({ _id: rowId, status: { $in: [...dueStatuses] } }, { $set: buried(error) })
    }),
  unpark: (all) =>
    translateMongoErrors(async () => {
      const accounts = await accountsWith(db, 'parked', [])
      const listed = all ? accounts : await listedAmong(db, accounts)
      const filter = { stripe_user_id: { $in: [...listed] }, status: 'parked' as const }
      if (listed.length > 0) await eventsOf(db).updateMany(filter, { $set: { status: 'pending' } })
    }),
})

const eventsOf = (db: Db) => db.collection<EventRow>('billing.events')

const firstIsDue = { $expr: { $lte: ['$first', '$$NOW'] } }

// The index is in this order, so the server jumps from account to account in place of reading every row's key.
const accountsWith = async (
  db: Db,
  status: InboxStatus,
  stages: readonly Document[],
): Promise<readonly string[]> => {
  const groups = await eventsOf(db)
    .aggregate<{ readonly _id: string }>([
      { $match: { status } },
      { $sort: { stripe_user_id: 1, next_attempt_at: 1 } },
      { $group: { _id: '$stripe_user_id', first: { $first: '$next_attempt_at' } } },
      ...stages,
    ])
    .toArray()
  return groups.map(({ _id }) => _id)
}

const readDue = async (db: Db, account: string, status: InboxStatus): Promise<readonly DueEvent[]> => {
  const rows = eventsOf(db)
    .find({ status, stripe_user_id: account, ...isDue })
    .sort({ next_attempt_at: 1 })
    .limit(largestBatch)
    .project<ReadRow>({
      status: 1,
      attempts: 1,
      payload: 1,
      age_ms: { $subtract: ['$$NOW', '$received_at'] },
    })
  const events: DueEvent[] = []
  let bytes = 0
  for await (const { _id, attempts, payload, age_ms: ageMs } of rows) {
    bytes += payload.length()
    if (events.length > 0 && bytes > largestBatchBytes) break
    events.push({ rowId: _id, state: { status, attempts }, payload: payload.buffer, ageMs })
  }
  return events
}

const buried = (error: InboxFailure) => ({
  status: 'dead' as const,
  outcome: 'failed',
  error,
  next_attempt_at: null,
  processed_at: new Date(),
})

const listedAmong = async (db: Db, accounts: readonly string[]): Promise<readonly string[]> => {
  const rows = await db
    .collection<{ _id: string; listed?: boolean }>('billing.accounts')
    .find({ _id: { $in: [...accounts] }, listed: true }, { projection: { _id: 1 } })
    .toArray()
  return rows.map(({ _id }) => _id)
}

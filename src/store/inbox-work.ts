// What there is to do in the inbox, by the server's clock alone. Guarantees: the accounts with due events are found in an
// index, a step per account, however many events wait; a batch is bounded in rows and bytes; events that were never tried,
// those that failed and heavy ones come in batches of their own.

import type { Binary, Db, Document } from 'mongodb'
import { type InboxFailure, type InboxStatus, settleFailure } from '../core/inbox-row.ts'
import { isHeavy } from '../core/payload-weight.ts'
import type { ErrorCode } from '../errors.ts'
import type { DueBatch, DueEvent, WorkStore } from '../ports/work-store.ts'
import { unsettledIndex } from './collections.ts'
import { translateMongoErrors } from './mongo-errors.ts'
import { ServerClock } from './server-clock.ts'

interface EventRow {
  readonly _id: string
  readonly stripe_user_id: string
  readonly status: InboxStatus
  readonly attempts: number
  readonly payload: Binary
}

interface ReadRow extends EventRow {
  readonly error: InboxFailure | null
  readonly age_ms: number
}

/** Most bytes of payload of a batch; a single event may be larger. */
const largestBatchBytes = 8 * 1024 * 1024

/** The status of due events by kind. */
const statusOf = { fresh: 'pending', retried: 'failed' } as const
const dueStatuses = Object.values(statusOf)

const isDue = { $expr: { $lte: ['$next_attempt_at', '$$NOW'] } }

/**
 * Returns the inbox as the work on it sees it.
 * @param largestBatch most events of a batch
 */
export const openWorkStore = (db: Db, largestBatch: number): WorkStore => {
  const clock = new ServerClock()
  return {
    now: () => clock.now(),
    dueAccounts: () =>
      translateMongoErrors(async () => {
        await clock.synchronise(db)
        return dueAccounts(db)
      }),
    dueEvents: (account, kind) =>
      translateMongoErrors(() => readDue(db, { account, status: statusOf[kind], most: largestBatch })),
    postpone: (rowIds, pauseMs) =>
      translateMongoErrors(async () => {
        const filter = { _id: { $in: [...rowIds] }, status: statusOf.fresh }
        const later = [{ $set: { next_attempt_at: { $add: ['$$NOW', pauseMs] } } }]
        await eventsOf(db).updateMany(filter, later, { hint: { _id: 1 } })
      }),
    fail: (rowId, failure, random) =>
      translateMongoErrors(() => failRow(db, rowId, { failure, random, now: clock.now() })),
    unpark: (whose) => translateMongoErrors(() => unpark(db, whose)),
  }
}

const eventsOf = (db: Db) => db.collection<EventRow>('billing.events')

const firstIsDue = { $expr: { $lte: ['$first', '$$NOW'] } }

const dueAccounts = async (db: Db): Promise<readonly string[]> => {
  const found = await Promise.all(
    dueStatuses.map((status) => accountsWith(db, status, [{ $match: firstIsDue }])),
  )
  return [...new Set(found.flat())]
}

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

const readDue = async (
  db: Db,
  {
    account,
    status,
    most,
  }: { readonly account: string; readonly status: InboxStatus; readonly most: number },
): Promise<DueBatch> => {
  const rows = eventsOf(db)
    .find({ status, stripe_user_id: account, ...isDue })
    .sort({ next_attempt_at: 1 })
    .limit(most)
    .batchSize(most) // in one answer, as far as that holds it
    .project<ReadRow>(readFields)
  const events: DueEvent[] = []
  let bytes = 0
  let isCut = false
  for await (const { _id, attempts, payload, error, age_ms: ageMs } of rows) {
    bytes += payload.length()
    if (events.length > 0 && bytes > largestBatchBytes) return { events, isCut: true }
    if (isHeavy(payload.length()) !== isHeavy(events[0]?.payload.length ?? payload.length())) {
      isCut = true
      continue
    }
    const isSuspect = error?.code === ('worker_died' satisfies ErrorCode)
    events.push({ rowId: _id, state: { status, attempts }, payload: payload.buffer, ageMs, isSuspect })
  }
  return { events, isCut: isCut || events.length === most }
}

const readFields = {
  ...{ status: 1, attempts: 1, payload: 1, error: 1 },
  age_ms: { $subtract: ['$$NOW', '$received_at'] },
}

const failRow = async (
  db: Db,
  rowId: string,
  {
    failure,
    ...circumstances
  }: { readonly failure: InboxFailure; readonly now: Date; readonly random: number },
): Promise<void> => {
  const row = await eventsOf(db).findOne({ _id: rowId }, { projection: { status: 1, attempts: 1 } })
  if (row === null || !isWaiting(row.status)) return
  const { status, attempts } = row
  const settlement = settleFailure({ status, attempts }, failure, circumstances)
  await eventsOf(db).updateOne({ _id: rowId, status, attempts }, { $set: settlement })
}

const isWaiting = (status: InboxStatus): boolean => dueStatuses.some((due) => due === status)

const unpark = async (db: Db, whose: 'listed' | 'all'): Promise<void> => {
  const accounts = await accountsWith(db, 'parked', [])
  const listed = whose === 'all' ? accounts : await listedAmong(db, accounts)
  if (listed.length === 0) return
  const filter = { stripe_user_id: { $in: [...listed] }, status: 'parked' as const }
  await eventsOf(db).updateMany(filter, { $set: { status: statusOf.fresh } }, { hint: unsettledIndex })
}

const listedAmong = async (db: Db, accounts: readonly string[]): Promise<readonly string[]> => {
  const rows = await db
    .collection<{ _id: string; listed?: boolean; platform?: boolean }>('billing.accounts')
    .find(
      { _id: { $in: [...accounts] }, $or: [{ listed: true }, { platform: true }] },
      { projection: { _id: 1 } },
    )
    .toArray()
  return rows.map(({ _id }) => _id)
}

// Positions of backfills: one row per account, list, range as typed and mode of the key. Guarantees: a position moves only in the
// transaction that writes the last of the page that it covers, and only for the process whose token it holds, so of two
// backfills of one account one stops; a list that an interrupted run has walked to its end is not walked again when the
// run goes on.

import { isDeepStrictEqual } from 'node:util'
import type { ClientSession, Db } from 'mongodb'
import { BillingSyncError } from '../errors.ts'
import type { Commit } from '../ports/pipeline-store.ts'
import type { Effects } from '../unit-of-work/unit-of-work.ts'
import { translateMongoErrors } from './mongo-errors.ts'
import { type PositionKey, positionId } from './position-id.ts'

/** What is left of a list, as it is saved. */
export type SavedWindow = Readonly<Record<string, unknown>>

interface PositionRow {
  readonly _id: string
  readonly stripe_user_id: string
  readonly resource: string
  /** The range as it was typed, and the instants that it meant in the first run. */
  readonly typed: { readonly since: string | null; readonly until: string | null }
  readonly since: Date | null
  readonly until: Date | null
  /** The run that began the walk (cursor-runs.ts), and the process that goes on with it. */
  readonly run: string
  readonly token: string
  readonly windows: readonly SavedWindow[]
  /** What was done about messages on the way, `none` where any part went without; null where the list owes none. */
  readonly effects: Effects | null
  /** Entries passed by that could not be stored; rows of older versions do not say. */
  readonly failed?: number
  readonly started_at: Date
  readonly updated_at: Date
  readonly completed_at: Date | null
  /** When nothing stored was left that the list no longer shows. */
  readonly mended_at: Date | null
}

const positionsOf = (db: Db) => db.collection<PositionRow>('billing.cursors')

/** A list that is about to be walked. */
export interface PositionRequest extends PositionKey {
  readonly since: Date | null
  readonly until: Date | null
  /** Where a walk begins that has no position, given the instants of the range. */
  readonly begin: (since: Date | null, until: Date | null) => readonly SavedWindow[]
  /** Null where the list owes no messages; one that was begun without them begins anew with them. */
  readonly effects: Effects | null
}

/** Where a walk begins or goes on. */
export interface OpenPosition {
  readonly id: string
  readonly windows: readonly SavedWindow[]
  /** When an interrupted walk began that has read something of the list; null where none has. */
  readonly startedAt: Date | null
  /** True where that walk has mended what the list no longer shows. */
  readonly isMended: boolean
  /** Entries that the walk has passed by, since they could not be stored. */
  readonly failed: number
  readonly since: Date | null
  readonly until: Date | null
}

/** Who opens positions. */
export interface PositionOpener {
  readonly run: string
  readonly token: string
  /** True where positions are forgotten. */
  readonly restart: boolean
  readonly now: Date
}

/**
 * Opens the positions of an account: interrupted ones, and those that this run has brought to their end, as they are,
 * others at the beginning. Throws `mongodb_unavailable`.
 */
export const openPositions = (
  db: Db,
  requests: readonly PositionRequest[],
  { run, token, restart, now }: PositionOpener,
): Promise<readonly OpenPosition[]> =>
  translateMongoErrors(async () => {
    const ids = requests.map(positionId)
    const rows = restart
      ? []
      : await positionsOf(db)
          .find({ _id: { $in: ids } })
          .toArray()
    const continued = new Map(
      rows.filter((row) => row.completed_at === null || row.run === run).map((row) => [row._id, row]),
    )
    const opened = requests.map((request) => openPosition(request, continued.get(positionId(request))))
    const operations = requests.flatMap((request, index) => {
      const { windows = [], since = null, until = null, startedAt = null } = opened[index] ?? {}
      if (windows.length === 0) return []
      const fields = { since, until, token, windows, updated_at: now, completed_at: null }
      const identity = { stripe_user_id: request.account, resource: request.resource, typed: request.typed }
      const { effects } = request
      // From here on it is read without messages, whatever was made for its beginning.
      const continued = effects === 'none' ? { effects } : {}
      const started =
        startedAt === null ? { started_at: now, run, effects, failed: 0, mended_at: null } : continued
      const update = { $set: { ...identity, ...fields, ...started } }
      return [{ updateOne: { filter: { _id: positionId(request) }, update, upsert: true } }]
    })
    if (operations.length > 0) await positionsOf(db).bulkWrite(operations, { ordered: false })
    return opened
  })

/**
 * Forgets the positions that a walk of these lists would go on from, whoever is at it: that process stops with its next
 * page. Throws `mongodb_unavailable`.
 */
export const forgetPositions = (db: Db, keys: readonly PositionKey[]): Promise<void> =>
  translateMongoErrors(async () => {
    // Those of lists that were walked to their end stay: they tell that an account was backfilled (backfill-wanted.ts).
    const operations = keys.map((key) => ({
      deleteOne: { filter: { _id: positionId(key), completed_at: null } },
    }))
    await positionsOf(db).bulkWrite(operations, { ordered: false })
  })

/** Notes that nothing stored is left that the lists of these positions no longer show. Throws `mongodb_unavailable`. */
export const noteMended = (db: Db, ids: readonly string[]): Promise<void> =>
  translateMongoErrors(async () => {
    await positionsOf(db).updateMany({ _id: { $in: [...ids] } }, { $set: { mended_at: new Date() } })
  })

/** Saves the positions of a commit in its transaction. Throws `backfill_superseded` where another process holds one. */
export const savePositions = async (
  db: Db,
  { account, positions = [], now }: Commit,
  session: ClientSession,
): Promise<void> => {
  if (positions.length === 0) return
  const operations = positions.map(({ id, token, windows, failed }) => {
    const completed = windows.length === 0 ? now : null
    const update = { $set: { windows, updated_at: now, completed_at: completed }, $inc: { failed } }
    return { updateOne: { filter: { _id: id, token }, update } }
  })
  const { matchedCount } = await positionsOf(db).bulkWrite(operations, { session, ordered: false })
  if (matchedCount < positions.length) throw new BillingSyncError('backfill_superseded', { account })
}

// One of which nothing was read begins with this run, and with what its dates mean to it.
const openPosition = (request: PositionRequest, known: PositionRow | undefined): OpenPosition => {
  const id = positionId(request)
  const isContinued =
    known !== undefined &&
    !(request.effects === 'missing' && known.effects === 'none') &&
    !isDeepStrictEqual(known.windows, request.begin(known.since, known.until))
  if (isContinued) {
    const { since, until, windows, started_at: startedAt, mended_at, failed = 0 } = known
    return { id, since, until, windows, startedAt, isMended: mended_at != null, failed } // rows of before have none
  }
  const { since, until } = request
  return {
    id,
    since,
    until,
    windows: request.begin(since, until),
    startedAt: null,
    isMended: false,
    failed: 0,
  }
}

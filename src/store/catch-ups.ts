// How far each account's catch-up with Stripe's list of events has come, and which events of the list are missing here.
// Guarantee: a completion is written only once everything that was found missing is durable, so one that a crash
// interrupts is made again.

import type { Db } from 'mongodb'
import { documentId } from '../core/projection-document.ts'
import { returnedFilter } from './connected-accounts.ts'
import { translateMongoErrors } from './mongo-errors.ts'

interface CatchUpRow {
  readonly _id: string
  readonly stripe_user_id: string
  readonly resource: 'events'
  /** When the last catch-up that came to its end was begun. */
  readonly caught_up_at: Date
  /** What Stripe had forgotten by then: nobody but a backfill can bring it. */
  readonly gap?: EventGap
}

/** A time of which events are missing for good. */
export interface EventGap {
  readonly since: Date
  readonly until: Date
}

const catchUpsOf = (db: Db) => db.collection<CatchUpRow>('billing.cursors')
const rowIdOf = (account: string): string => `${account}:catch-up`

/** Returns when an account's last completed catch-up was begun; null where there was none. Throws `mongodb_unavailable`. */
export const lastCatchUp = (db: Db, account: string): Promise<Date | null> =>
  translateMongoErrors(
    async () => (await catchUpsOf(db).findOne({ _id: rowIdOf(account) }))?.caught_up_at ?? null,
  )

/** Notes that a catch-up came to its end. Throws `mongodb_unavailable`. */
export const completeCatchUp = (
  db: Db,
  account: string,
  { startedAt, gap }: { readonly startedAt: Date; readonly gap: EventGap | null },
): Promise<void> =>
  translateMongoErrors(async () => {
    const fields = { stripe_user_id: account, resource: 'events', caught_up_at: startedAt } as const
    const update = { $set: { ...fields, ...(gap === null ? {} : { gap }) } }
    await catchUpsOf(db).updateOne({ _id: rowIdOf(account) }, update, { upsert: true })
  })

/** Returns those of an account's events that the inbox does not hold. Throws `mongodb_unavailable`. */
export const missingEvents = (
  db: Db,
  account: string,
  eventIds: readonly string[],
): Promise<ReadonlySet<string>> =>
  translateMongoErrors(async () => {
    const rows = await db
      .collection<{ _id: string }>('billing.events')
      .find({ _id: { $in: eventIds.map((id) => documentId(account, id)) } }, { projection: { _id: 1 } })
      .toArray()
    const known = new Set(rows.map(({ _id }) => _id))
    return new Set(eventIds.filter((id) => !known.has(documentId(account, id))))
  })

/** Stripe tells the second in which an account came back. */
const secondMs = 1_000

interface ReturnedRow {
  readonly _id: string
  readonly connection: { readonly as_of: Date }
}

/** Returns the accounts that were cut off and came back after their last catch-up was begun. Throws `mongodb_unavailable`. */
export const returnedSinceCatchUp = (
  db: Db,
): Promise<readonly { readonly account: string; readonly at: Date }[]> =>
  translateMongoErrors(async () => {
    const rows = await db
      .collection<ReturnedRow>('billing.accounts')
      .find(returnedFilter, { projection: { connection: 1 } })
      .toArray()
    const caughtUp = await catchUpsOf(db)
      .find({ _id: { $in: rows.map(({ _id }) => rowIdOf(_id)) } })
      .toArray()
    const caughtUpAt = new Map(caughtUp.map((row) => [row.stripe_user_id, row.caught_up_at]))
    return rows
      .map(({ _id: account, connection }) => ({ account, at: connection.as_of }))
      .filter(({ account, at }) => (caughtUpAt.get(account)?.getTime() ?? 0) < at.getTime() + secondMs)
  })

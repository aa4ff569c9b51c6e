// Which accounts want a backfill: events of theirs are lost to this database, because the account had cut the platform
// off for a while, or because Stripe had forgotten them before anybody asked. Guarantee: an account is named until a
// backfill of all its lists that was begun later has come to its end, whatever process did it.

import type { Db } from 'mongodb'
import { returnedFilter } from './connected-accounts.ts'
import { translateMongoErrors } from './mongo-errors.ts'
import { positionId } from './position-id.ts'

/** An account, and since when changes of it may be missing here. */
export interface WantedBackfill {
  readonly account: string
  readonly since: Date
}

interface Want extends WantedBackfill {
  /** Backfills that were begun earlier may have missed something. */
  readonly from: Date
}

interface ReturnedRow {
  readonly _id: string
  readonly disconnected_at: Date
  readonly connection: { readonly state: string; readonly as_of: Date }
}

interface GapRow {
  readonly stripe_user_id: string
  readonly gap: { readonly since: Date; readonly until: Date }
}

/** The lists that a backfill of everything walks, and the mode that events are taken of; null: of both. */
export interface Wanting {
  readonly lists: readonly string[]
  readonly livemode: boolean | null
}

/** Returns the accounts in the order of their ids. Throws `mongodb_unavailable`. */
export const wantedBackfills = (db: Db, wanting: Wanting): Promise<readonly WantedBackfill[]> =>
  translateMongoErrors(async () => {
    const wants = [...(await returnedAccounts(db)), ...(await gapsOfCatchUps(db))]
    const open: WantedBackfill[] = []
    for (const { account, since, from } of wants)
      if (
        !open.some((other) => other.account === account) &&
        !(await isBackfilled(db, account, { ...wanting, from }))
      )
        open.push({ account, since })
    return open.sort((a, b) => (a.account < b.account ? -1 : 1))
  })

const returnedAccounts = async (db: Db): Promise<readonly Want[]> => {
  const rows = await db.collection<ReturnedRow>('billing.accounts').find(returnedFilter).toArray()
  return rows.map(({ _id: account, disconnected_at: since, connection }) => ({
    account,
    since,
    from: connection.as_of,
  }))
}

const gapsOfCatchUps = async (db: Db): Promise<readonly Want[]> => {
  const rows = await db
    .collection<GapRow>('billing.cursors')
    .find({ resource: 'events', gap: { $exists: true } })
    .toArray()
  return rows.map(({ stripe_user_id: account, gap }) => ({ account, since: gap.since, from: gap.until }))
}

// Within a range a backfill finds what was made in it, not what changed in it: only one of everything counts.
const isBackfilled = async (
  db: Db,
  account: string,
  { from, lists, livemode }: Wanting & { readonly from: Date },
): Promise<boolean> => {
  // What was walked with a key that does not tell its mode counts for either.
  const modes = livemode === null ? [null, true, false] : [null, livemode]
  const typed = { since: null, until: null }
  const ids = lists.flatMap((resource) =>
    modes.map((mode) => positionId({ account, resource, typed, livemode: mode })),
  )
  const walked = await db
    .collection<{ _id: string; resource: string }>('billing.cursors')
    .distinct('resource', {
      _id: { $in: ids },
      completed_at: { $type: 'date' },
      started_at: { $gte: from },
    })
  return walked.length === lists.length
}

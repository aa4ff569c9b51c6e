// What is stored of a kind of Stripe objects of one account, in outline. Guarantee: rows are streamed, so that memory
// does not grow with their number; what is written meanwhile may or may not be among them.

import type { Db, Filter } from 'mongodb'
import { type ObjectKind, objectKinds, type ProjectionCollection } from '../core/object-kinds.ts'
import type { StoredOutline } from '../core/stored-outline.ts'
import { secondAtOrAfter } from '../core/unix-second.ts'
import { translateMongoErrors } from './mongo-errors.ts'

export interface OutlineQuery {
  readonly account: string
  readonly collection: ProjectionCollection
  /** Objects of the other mode, or of a mode that nobody knows, are left out. */
  readonly livemode: boolean
  /** Range of the object's own `created`; null: without a bound. */
  readonly since: Date | null
  readonly until: Date | null
}

interface OutlineRow {
  readonly stripe_user_id: string
  readonly stripe_id: string
  readonly livemode: boolean
  readonly created?: number
  readonly deleted?: boolean
  readonly test_clock?: unknown
  /** Missing in a row that billing-sync did not write. */
  readonly sync?: { readonly created_at: Date; readonly updated_at: Date; readonly as_of: Date | null }
}

/** Rows that the server sends at once: about 100 bytes each. */
const batchSize = 2_000

/** Hands over each outline of what billing-sync wrote, in no particular order. Throws `mongodb_unavailable`. */
export const eachStoredOutline = (
  db: Db,
  query: OutlineQuery,
  take: (outline: StoredOutline) => void,
): Promise<void> =>
  translateMongoErrors(async () => {
    const rows = db.collection<OutlineRow>(query.collection).find(filterOf(query), {
      batchSize,
      // Every index begins with the account; of those the server may take one that happens to begin with what the range asks
      // for, and read the account whole. Sorted, only that of `created` goes on at once.
      sort: { created: -1 },
      projection: {
        _id: 0,
        stripe_id: 1,
        deleted: 1,
        test_clock: 1,
        'sync.created_at': 1,
        'sync.updated_at': 1,
        'sync.as_of': 1,
      },
    })
    for await (const { stripe_id: id, deleted, test_clock: testClock, sync } of rows) {
      if (sync === undefined) continue
      take({
        id,
        firstWrittenAt: sync.created_at,
        writtenAt: sync.updated_at,
        asOf: sync.as_of,
        isDeleted: deleted === true,
        isOnTestClock: typeof testClock === 'string',
      })
    }
  })

/** Tells whether anything is stored that the query is about, tombstones among them. Throws `mongodb_unavailable`. */
export const isAnyStored = (db: Db, query: OutlineQuery): Promise<boolean> =>
  translateMongoErrors(async () => {
    const rows = db.collection<OutlineRow>(query.collection)
    return (await rows.findOne(filterOf(query), { projection: { _id: 1 } })) !== null
  })

/** Kinds that every account has some of, and objects of each that are answered. */
const commonKinds = ['customer', 'charge', 'invoice', 'subscription', 'product'] as const
const mostOfKind = 2

/** Returns some objects of an account and mode that were stored before and are not deleted, the newest of each kind. Throws `mongodb_unavailable`. */
export const newestStored = (
  db: Db,
  { account, livemode, before }: Pick<OutlineQuery, 'account' | 'livemode'> & { readonly before: Date },
): Promise<readonly { readonly kind: ObjectKind; readonly id: string }[]> =>
  translateMongoErrors(async () => {
    const found = await Promise.all(
      commonKinds.map(async (kind) => {
        const rows = db
          .collection<OutlineRow>(objectKinds[kind].collection)
          .find(
            { stripe_user_id: account, livemode, deleted: { $ne: true }, 'sync.created_at': { $lt: before } },
            { sort: { created: -1 }, limit: mostOfKind, projection: { _id: 0, stripe_id: 1 } },
          )
        return (await rows.toArray()).map(({ stripe_id: id }) => ({ kind, id }))
      }),
    )
    return found.flat()
  })

// Within a range `created` is compared only with numbers, as Stripe sends it.
const filterOf = ({ account, livemode, since, until }: OutlineQuery): Filter<OutlineRow> => {
  const created = {
    ...(since === null ? {} : { $gte: secondAtOrAfter(since) }),
    ...(until === null ? {} : { $lt: secondAtOrAfter(until) }),
  }
  return { stripe_user_id: account, livemode, ...(Object.keys(created).length === 0 ? {} : { created }) }
}

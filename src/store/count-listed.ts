// Counts of what is stored, to be held against what Stripe's lists show.

import type { Db } from 'mongodb'
import type { ProjectionCollection } from '../core/object-kinds.ts'
import { translateMongoErrors } from './mongo-errors.ts'

/** Counted no further: what matters is whether there are any. */
const mostCounted = 1_000

/**
 * Returns how many objects of an account a list ought to show: not deleted, of the mode, first stored before its walk
 * began, and on no test clock, whose objects lists leave out (https://docs.stripe.com/billing/testing/test-clocks).
 * Throws `mongodb_unavailable`.
 */
export const countListed = (
  db: Db,
  {
    account,
    collection,
    livemode,
    before,
  }: {
    readonly account: string
    readonly collection: ProjectionCollection
    /** Null: of either mode. */
    readonly livemode: boolean | null
    /** When the walk began: what was first stored since then may have come into being behind it. */
    readonly before: Date
  },
): Promise<number> =>
  translateMongoErrors(() => {
    const filter = {
      stripe_user_id: account,
      deleted: { $ne: true },
      test_clock: null,
      'sync.created_at': { $lt: before },
      ...(livemode === null ? {} : { livemode }),
    }
    return db.collection(collection).countDocuments(filter, { limit: mostCounted })
  })

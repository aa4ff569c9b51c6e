// Counts of what is stored, to be held against what Stripe's lists show.

import type { Db } from 'mongodb'
import type { ProjectionCollection } from '../core/object-kinds.ts'
import { translateMongoErrors } from './mongo-errors.ts'

/** Counted no further: what matters is whether there are any. */
const mostCounted = 1_000

/**
 * Returns how many objects of an account a list ought to show: not deleted, of the mode, and on no test clock, whose
 * objects lists leave out (https://docs.stripe.com/billing/testing/test-clocks). Throws `mongodb_unavailable`.
 */
export const countListed = (
  db: Db,
  {
    account,
    collection,
    livemode,
  }: {
    readonly account: string
    readonly collection: ProjectionCollection
    /** Null: of either mode. */
    readonly livemode: boolean | null
  },
): Promise<number> =>
  translateMongoErrors(() => {
    const filter = {
      stripe_user_id: account,
      deleted: { $ne: true },
      test_clock: null,
      ...(livemode === null ? {} : { livemode }),
    }
    return db.collection(collection).countDocuments(filter, { limit: mostCounted })
  })

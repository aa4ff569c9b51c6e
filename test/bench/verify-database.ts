// Reads a replayed database back and compares it with what the events say it has to hold.

import type { Db } from 'mongodb'
import type { Counts } from './expected-counts.ts'

/** One collection's count, and what it should be. */
export interface CountRow {
  readonly collection: string
  readonly stored: number
  readonly expected: number
}

/** Returns every count that is checked; rows whose numbers differ are faults. */
export const countDocuments = async (db: Db, expected: Counts): Promise<readonly CountRow[]> => {
  const rows = await Promise.all(
    Object.entries(expected).map(
      async ([collection, count]): Promise<CountRow> => ({
        collection,
        stored: await db.collection(collection).countDocuments(),
        expected: count,
      }),
    ),
  )
  const documents = rows
    .filter(({ collection }) => collection !== 'billing.events' && collection !== 'billing.accounts')
    .reduce((sum, { expected: count }) => sum + count, 0)
  return [
    ...rows,
    {
      collection: 'billing.events, done',
      stored: await db.collection('billing.events').countDocuments({ status: 'done' }),
      expected: expected['billing.events'] ?? 0,
    },
    {
      // Each document is told to be new exactly once; of updates there are as many as commits that changed one.
      collection: 'queue.jobs, created',
      stored: await db.collection('queue.jobs').countDocuments({ kind: /\.created$/ }),
      expected: documents,
    },
  ]
}

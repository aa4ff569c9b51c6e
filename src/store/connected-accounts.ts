// Which accounts let the platform in, and which of them had cut it off before.

import type { Db } from 'mongodb'
import type { AccountRow } from './accounts.ts'
import { translateMongoErrors } from './mongo-errors.ts'

/** Finds the accounts that had cut the platform off and let it in again. */
export const returnedFilter = {
  'connection.state': 'connected',
  disconnected_at: { $type: 'date' },
} as const

/**
 * Returns all accounts that can be asked about: the platform, then those that let it in, in the order of their ids. Throws
 * `mongodb_unavailable`.
 */
export const accountsInReach = (db: Db, platform: string): Promise<readonly string[]> =>
  translateMongoErrors(async () => {
    // A row that others wrote under an `_id` of their own is none before a run that writes has taken it over.
    const filter = { _id: { $type: 'string' as const }, 'connection.state': { $ne: 'disconnected' } }
    const rows = db.collection<AccountRow>('billing.accounts').find(filter, { projection: { _id: 1 } })
    const connected = (await rows.sort({ _id: 1 }).toArray()).map(({ _id }) => _id)
    return [...new Set([platform, ...connected])]
  })

/** Returns those of the accounts that are known and do not let the platform in. Throws `mongodb_unavailable`. */
export const disconnectedAmong = (db: Db, accounts: readonly string[]): Promise<ReadonlySet<string>> =>
  translateMongoErrors(async () => {
    const filter = { _id: { $in: [...accounts] }, 'connection.state': 'disconnected' }
    const rows = db.collection<AccountRow>('billing.accounts').find(filter, { projection: { _id: 1 } })
    return new Set((await rows.toArray()).map(({ _id }) => _id))
  })

// Which accounts let the platform in, and which of them had cut it off before.

import type { Db } from 'mongodb'
import type { AccountRow } from './accounts.ts'
import { translateMongoErrors } from './mongo-errors.ts'

/** Finds the accounts that had cut the platform off and let it in again. */
export const returnedFilter = {
  'connection.state': 'connected',
  disconnected_at: { $type: 'date' },
} as const

/** All accounts, by whether they can be asked about. */
export interface AccountsByReach {
  /** The platform, then those that let it in, in the order of their ids. */
  readonly inReach: readonly string[]
  /** Those that do not, in the order of their ids. */
  readonly cutOff: readonly string[]
}

/** Returns all accounts that are known. Throws `mongodb_unavailable`. */
export const accountsByReach = (db: Db, platform: string): Promise<AccountsByReach> =>
  translateMongoErrors(async () => {
    // A row that others wrote under an `_id` of their own is none before a run that writes has taken it over.
    const filter = { _id: { $type: 'string' as const, $ne: platform } }
    const options = { projection: { 'connection.state': 1 }, sort: { _id: 1 } } as const
    const rows = await db.collection<AccountRow>('billing.accounts').find(filter, options).toArray()
    const idsOf = (isCutOff: boolean): readonly string[] =>
      rows
        .filter(({ connection }) => (connection?.state === 'disconnected') === isCutOff)
        .map(({ _id }) => _id)
    return { inReach: [platform, ...idsOf(false)], cutOff: idsOf(true) }
  })

/** Returns those of the accounts that are known and do not let the platform in. Throws `mongodb_unavailable`. */
export const disconnectedAmong = (db: Db, accounts: readonly string[]): Promise<ReadonlySet<string>> =>
  translateMongoErrors(async () => {
    const filter = { _id: { $in: [...accounts] }, 'connection.state': 'disconnected' }
    const rows = db.collection<AccountRow>('billing.accounts').find(filter, { projection: { _id: 1 } })
    return new Set((await rows.toArray()).map(({ _id }) => _id))
  })

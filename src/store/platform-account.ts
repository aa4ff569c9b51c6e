// The platform's own account, under which events without an `account` are stored: fixed at first use.

import type { Db, MongoClient } from 'mongodb'
import { BillingSyncError } from '../errors.ts'
import { openAccountRow } from './accounts.ts'
import { translateMongoErrors } from './mongo-errors.ts'
import { renameAccount } from './rename-account.ts'

/** Stands in while nobody has told the platform's account id. */
export const platformPlaceholder = 'platform'

interface PlatformRow {
  readonly _id: string
  readonly platform?: true
}

export interface PlatformSource {
  /** `STRIPE_ACCOUNT_ID`. */
  readonly configured: string | undefined
  /** Asks Stripe; null where no key is set. Asked only while the database does not know. */
  readonly ask: (() => Promise<string>) | null
}

/** The platform's account id, and what has to be written before it holds. */
export interface PlatformDecision {
  readonly account: string
  readonly step: 'none' | 'claim' | 'rename'
}

/**
 * Returns the platform's account id. A database that only replayed files under the placeholder is renamed once the
 * true id is known. Throws `config_invalid` where it keeps the platform under another id already.
 */
export const platformAccountOf = async (
  { client, db }: { readonly client: MongoClient; readonly db: Db },
  source: PlatformSource,
): Promise<string> => {
  const { account, step } = await decidePlatform(db, source)
  await translateMongoErrors(async () => {
    if (step === 'claim') await claimPlatform(db, account)
    if (step === 'rename') await renameAccount(client, db, { from: platformPlaceholder, to: account })
  })
  return account
}

/** Decides without writing anything. Throws as `platformAccountOf` does. */
export const decidePlatform = (db: Db, { configured, ask }: PlatformSource): Promise<PlatformDecision> =>
  translateMongoErrors(async () => {
    const known = await db.collection<PlatformRow>('billing.accounts').findOne({ platform: true })
    const isKnown = known !== null && known._id !== platformPlaceholder
    const told = configured ?? (isKnown || ask === null ? undefined : await ask())
    if (known === null) return { account: told ?? platformPlaceholder, step: 'claim' }
    if (told === undefined || known._id === told) return { account: known._id, step: 'none' }
    if (known._id !== platformPlaceholder || !(await isOnlyReplayed(db)))
      throw otherPlatform(db, known._id, told)
    return { account: told, step: 'rename' }
  })

const claimPlatform = async (db: Db, id: string): Promise<void> => {
  await openAccountRow(db, id)
  await db.collection<PlatformRow>('billing.accounts').updateOne({ _id: id }, { $set: { platform: true } })
}

const isOnlyReplayed = async (db: Db): Promise<boolean> =>
  (await db
    .collection('billing.events')
    .findOne({ stripe_user_id: platformPlaceholder, source: { $ne: 'replay' } })) === null

const otherPlatform = (db: Db, kept: string, configured: string): BillingSyncError =>
  new BillingSyncError('config_invalid', {
    source: 'STRIPE_ACCOUNT_ID',
    problem: `the database ${db.databaseName} keeps the platform's events under ${kept}, not ${configured}; set it to ${kept}, or use another database`,
  })

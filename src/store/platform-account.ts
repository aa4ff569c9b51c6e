// The platform's own account, under which events without an `account` are stored: fixed at first use.

import type { Db, MongoClient } from 'mongodb'
import { platformPlaceholder } from '../core/object-id.ts'
import { BillingSyncError } from '../errors.ts'
import { openAccountRow } from './accounts.ts'
import { translateMongoErrors } from './mongo-errors.ts'
import { renameAccount } from './rename-account.ts'

interface PlatformRow {
  readonly _id: string
  readonly platform?: true
}

export interface PlatformSource {
  /** `STRIPE_ACCOUNT_ID`. */
  readonly configured: string | undefined
  /** Asks Stripe whose key it is; null where none is set. */
  readonly ask: (() => Promise<string>) | null
  /**
   * True where the key is about to be used: Stripe is asked even where the database knows, since another platform's key
   * would bring that one's objects in under this one's name. Default false.
   */
  readonly usesKey?: boolean
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
export const decidePlatform = (db: Db, source: PlatformSource): Promise<PlatformDecision> =>
  translateMongoErrors(async () => {
    const known = await db.collection<PlatformRow>('billing.accounts').findOne({ platform: true })
    const isKnown = known !== null && known._id !== platformPlaceholder
    const told = source.configured ?? (await toldByStripe(source, isKnown))
    if (known === null) return { account: told ?? platformPlaceholder, step: 'claim' }
    if (told === undefined || known._id === told) return { account: known._id, step: 'none' }
    if (known._id !== platformPlaceholder || !(await isOnlyReplayed(db)))
      throw otherPlatform(db, known._id, { told, isConfigured: source.configured !== undefined })
    return { account: told, step: 'rename' }
  })

const toldByStripe = async (
  { ask, usesKey = false }: PlatformSource,
  isKnown: boolean,
): Promise<string | undefined> => {
  if (ask === null || (isKnown && !usesKey)) return undefined
  try {
    return await ask()
  } catch (error) {
    // What is known holds while Stripe is away, and with a key that may not read its own account.
    if (isKnown && error instanceof BillingSyncError) return undefined
    throw error
  }
}

const claimPlatform = async (db: Db, id: string): Promise<void> => {
  await openAccountRow(db, id)
  await db.collection<PlatformRow>('billing.accounts').updateOne({ _id: id }, { $set: { platform: true } })
}

const isOnlyReplayed = async (db: Db): Promise<boolean> =>
  (await db
    .collection('billing.events')
    .findOne({ stripe_user_id: platformPlaceholder, source: { $ne: 'replay' } })) === null

const otherPlatform = (
  db: Db,
  kept: string,
  { told, isConfigured }: { readonly told: string; readonly isConfigured: boolean },
): BillingSyncError => {
  // No key is one of the placeholder.
  const remedy =
    isConfigured || kept === platformPlaceholder
      ? `set it to ${kept}`
      : `set a key of ${kept}, since STRIPE_SECRET_KEY is one of ${told}`
  const problem = `the database ${db.databaseName} keeps the platform's events under ${kept}, not ${told}; ${remedy}, or use another database`
  return new BillingSyncError('config_invalid', { source: 'STRIPE_ACCOUNT_ID', problem })
}

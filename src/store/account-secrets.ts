// The secrets of accounts in `billing.accounts`: access tokens, which are only ever stored sealed, and signing secrets
// of their own webhook endpoints, which are sealed where an encryption key is configured and lie there as they are
// where none is. Guarantee: a secret that the key does not open is an error that names the key and the account, never
// a secret that is quietly missing.

import type { Db, Filter, ObjectId } from 'mongodb'
import type { ListedAccount } from '../config/config.ts'
import { livemodeOfKey } from '../core/key-mode.ts'
import { BillingSyncError } from '../errors.ts'
import { translateMongoErrors } from './mongo-errors.ts'
import { isSealed, openText, sealText } from './sealed-text.ts'

/** Secrets as the config file lists them. */
export type ListedSecrets = Pick<ListedAccount, 'access_token' | 'webhook_secrets'>

interface SecretsRow {
  /** That of the account, but in rows that others wrote. */
  readonly _id: string | ObjectId
  readonly stripe_user_id?: string
  readonly access_token?: string | null
  readonly webhook_secrets?: unknown
}

/** `BILLING_SYNC_ENCRYPTION_KEY`, 32 bytes. */
export type EncryptionKey = Uint8Array | undefined

/** How secrets of an account are kept. */
export interface SecretKeeping {
  readonly account: string
  readonly key: EncryptionKey
  /** What the row holds by now: a secret that is the same stays sealed as it is. */
  readonly stored: ListedSecrets
}

/** Returns the fields of an account's row for the secrets that are listed. Throws `config_invalid` for a token without a key. */
export const secretFields = (
  { access_token: token, webhook_secrets: secrets }: ListedSecrets,
  keeping: SecretKeeping,
): Readonly<Record<string, unknown>> => ({
  ...(token === undefined ? {} : { access_token: token === null ? null : sealToken(token, keeping) }),
  ...(secrets === undefined
    ? {}
    : { webhook_secrets: secrets.map((secret, index) => sealWebhookSecret(secret, index, keeping)) }),
})

const sealToken = (token: string, { account, key, stored }: SecretKeeping): string => {
  if (key === undefined) throw unopened(account, 'access token', key)
  return sealOnce(token, stored.access_token, { key, place: placeOf(account, 'access_token') })
}

const sealWebhookSecret = (secret: string, index: number, { account, key, stored }: SecretKeeping): string =>
  key === undefined
    ? secret
    : sealOnce(secret, stored.webhook_secrets?.[index], { key, place: placeOf(account, 'webhook_secrets') })

const sealOnce = (
  text: string,
  stored: unknown,
  { key, place }: { readonly key: Uint8Array; readonly place: string },
): string =>
  typeof stored === 'string' && isSealed(stored) && openText(stored, key, place) === text
    ? stored
    : sealText(text, key, place)

/** Returns an account's own access token, null where it has none. Throws `config_invalid` where the key does not open it. */
export const readAccessToken = (db: Db, account: string, key: EncryptionKey): Promise<string | null> =>
  translateMongoErrors(async () => {
    const row = await db
      .collection<SecretsRow>('billing.accounts')
      .findOne({ _id: account }, { projection: { access_token: 1 } })
    return row === null ? null : tokenIn({ ...row, account }, key)
  })

/**
 * Throws `config_invalid` where the key does not open some account's access token, or where that is of the other mode
 * than the platform's key: to be told before any work.
 * @param expected `livemode` of the platform's key, null where it does not tell; `others`, whose stored token nobody asks for
 */
export const checkAccessTokens = (
  db: Db,
  key: EncryptionKey,
  { livemode, others = [] }: { readonly livemode: boolean | null; readonly others?: readonly string[] },
): Promise<void> =>
  translateMongoErrors(async () => {
    for (const row of await rowsWith(db, { access_token: { $type: 'string' } }, others)) {
      const mode = livemodeOfKey(tokenIn(row, key))
      if (mode !== null && livemode !== null && mode !== livemode) throw otherMode(row.account, livemode)
    }
  })

/**
 * Returns what each account that has something for its webhook secrets has, opened: a list of secrets, unless others wrote
 * something else. Throws `config_invalid` where the key does not open one.
 * @param others accounts whose stored secrets nobody asks for
 */
export const readWebhookSecrets = (
  db: Db,
  key: EncryptionKey,
  others: readonly string[] = [],
): Promise<ReadonlyMap<string, unknown>> =>
  translateMongoErrors(async () => {
    // In a query [null] and [[]] would equal null and [].
    const hasSome = { $expr: { $ne: [{ $ifNull: ['$webhook_secrets', []] }, []] } }
    const rows = await rowsWith(db, hasSome, others)
    return new Map(
      rows.map(({ account, webhook_secrets: stored }) => [
        account,
        Array.isArray(stored) ? stored.map((secret) => openWebhookSecret(secret, account, key)) : stored,
      ]),
    )
  })

const openWebhookSecret = (stored: unknown, account: string, key: EncryptionKey): unknown =>
  typeof stored === 'string'
    ? openSecret(stored, { account, field: 'webhook_secrets', noun: 'webhook secrets', key })
    : stored

interface AccountSecrets extends SecretsRow {
  readonly account: string
}

// They are judged before a start writes anything, so before rows that others wrote under an `_id` of their own give way:
// such a row is its account's where that has none itself, else nobody's.
const rowsWith = async (
  db: Db,
  filter: Filter<SecretsRow>,
  others: readonly string[],
): Promise<readonly AccountSecrets[]> => {
  const rows = db.collection<SecretsRow>('billing.accounts')
  const projection = { stripe_user_id: 1, access_token: 1, webhook_secrets: 1 }
  const found = (await rows.find(filter, { projection }).toArray())
    .map((row) => ({ ...row, account: row.stripe_user_id ?? String(row._id) }))
    .filter(({ account }) => !others.includes(account))
  const foreign = found.filter(({ _id, account }) => _id !== account).map(({ account }) => account)
  if (foreign.length === 0) return found
  const own = await rows.find({ _id: { $in: foreign } }, { projection: { _id: 1 } }).toArray()
  const known = new Set(own.map(({ _id }) => _id))
  return found.filter(({ _id, account }) => _id === account || !known.has(account))
}

const tokenIn = (
  { account, access_token: token }: Pick<AccountSecrets, 'account' | 'access_token'>,
  key: EncryptionKey,
): string | null =>
  typeof token === 'string'
    ? openSecret(token, { account, field: 'access_token', noun: 'access token', key })
    : null

interface SecretPlace {
  readonly account: string
  readonly field: 'access_token' | 'webhook_secrets'
  /** What a person calls it. */
  readonly noun: string
  readonly key: EncryptionKey
}

const openSecret = (stored: string, { account, field, noun, key }: SecretPlace): string => {
  if (!isSealed(stored)) return stored
  const opened = key === undefined ? null : openText(stored, key, placeOf(account, field))
  if (opened === null) throw unopened(account, noun, key)
  return opened
}

const otherMode = (account: string, livemode: boolean): BillingSyncError =>
  new BillingSyncError('config_invalid', {
    source: 'STRIPE_SECRET_KEY',
    problem: `it is a key of ${livemode ? 'live' : 'test'} mode, the access token of ${account} in billing.accounts one of the other; set the key of that mode, or list the account's token of this one in the config file`,
  })

const placeOf = (account: string, field: SecretPlace['field']): string => `${account}:${field}`

const unopened = (account: string, noun: string, key: EncryptionKey): BillingSyncError =>
  new BillingSyncError('config_invalid', {
    source: 'BILLING_SYNC_ENCRYPTION_KEY',
    problem: `${key === undefined ? 'it is not set and thus cannot open' : 'it does not open'} the ${noun} of ${account} in billing.accounts; set the key that was used to store it, or list the ${noun} in the config file again`,
  })

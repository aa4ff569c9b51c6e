// Connected accounts ("stripeBilling"), which are the truth at run time; the config only overwrites what it names.

import type { Collection, Db, Document, ObjectId } from 'mongodb'
import type { ListedAccount } from '../config/config.ts'
import { type AccountSettings, defaultSettings } from '../core/account.ts'
import type { Connection } from '../core/connection.ts'
import { isEqual } from '../core/json.ts'
import { type MappingRule, targetsOf } from '../core/mapping.ts'
import type { ContactsDue, Unfinished } from '../ports/pipeline-store.ts'
import { type EncryptionKey, type ListedSecrets, secretFields } from './account-secrets.ts'
import { isCounted, lastKnownCommit, uncounted } from './count-on.ts'
import { translateMongoErrors } from './mongo-errors.ts'

/** An account's row, as far as billing-sync reads it. */
export interface AccountRow extends ListedSecrets {
  readonly _id: string
  readonly stripe_user_id: string
  /** Number of commits of this account; every commit compares and raises it. */
  readonly seq: number
  readonly listed?: boolean
  readonly new_contact?: boolean
  readonly support?: boolean
  readonly mappings?: readonly MappingRule[]
  readonly platform?: true
  readonly connection?: Connection
  readonly unfinished?: readonly Unfinished[]
  readonly contacts_due?: ContactsDue
}

/** An account as the pipeline opens it. */
export interface AccountState {
  readonly settings: AccountSettings
  readonly seq: number
  readonly listed: boolean
  readonly connection: Connection | null
  readonly unfinished: readonly Unfinished[]
  readonly contactsDue: ContactsDue | null
}

/** Returns the account's row, made with default settings when it is new. */
export const openAccountRow = async (db: Db, id: string): Promise<AccountState> => {
  const row = await db.collection<AccountRow>('billing.accounts').findOne({ _id: id })
  return accountStateOf(id, isCounted(row) ? row : await countedRow(db, id))
}

// Others may have written a row: without a number, no commit would ever find the one that it compares.
const countedRow = async (db: Db, id: string): Promise<AccountRow | null> => {
  const accounts = db.collection<AccountRow>('billing.accounts')
  const seq = await lastKnownCommit(db, id)
  await makeRow(db, id, seq)
  await accounts.updateOne({ _id: id, ...uncounted }, { $set: { seq } })
  return accounts.findOne({ _id: id })
}

// A row whose `_id` a driver of others chose would never be found: what it says holds for ours, which takes its place.
const makeRow = async (db: Db, id: string, seq: number): Promise<void> => {
  const rows = foreignRows(db)
  const { _id: theirs, ...said } = (await rows.findOne({ stripe_user_id: id, _id: { $ne: id } })) ?? {}
  const made = { $setOnInsert: { ...newAccountRow(id), ...said, seq } }
  const { upsertedCount } = await rows.updateOne({ _id: id }, made, { upsert: true })
  if (upsertedCount === 1 && theirs !== undefined) await rows.deleteOne({ _id: theirs })
}

// Of any `_id`.
const foreignRows = (db: Db): Collection<ForeignRow> => db.collection('billing.accounts')

interface ForeignRow extends Document {
  readonly _id: string | ObjectId
}

// Before anything asks for accounts by their `_id`.
const takeOverForeignRows = async (db: Db): Promise<void> => {
  const isForeign = { stripe_user_id: { $type: 'string' }, $expr: { $ne: ['$_id', '$stripe_user_id'] } }
  const ids: readonly string[] = await foreignRows(db).distinct('stripe_user_id', isForeign)
  for (const id of ids) await openAccountRow(db, id)
}

/** Returns the state that an account's row tells. */
export const accountStateOf = (id: string, row: Partial<AccountRow> | null): AccountState => ({
  settings: settingsOf(id, row),
  seq: row?.seq ?? 0,
  // The platform is whose config it is.
  listed: row?.listed === true || row?.platform === true,
  connection: row?.connection ?? null,
  unfinished: row?.unfinished ?? [],
  contactsDue: row?.contacts_due ?? null,
})

/**
 * Writes what the config file says of its accounts: only fields that it names, each account in one step, and nothing
 * where a row says all of it already. Rows that others wrote under an `_id` of their own get their account's first. Throws
 * `mongodb_unavailable`.
 * @param key seals what is secret
 */
export const listAccounts = (db: Db, listed: readonly ListedAccount[], key?: EncryptionKey): Promise<void> =>
  translateMongoErrors(async () => {
    await takeOverForeignRows(db)
    for (const account of listed) while (!(await listAccount(db, account, key)));
  })

// False where another writer was faster: what changes is told from the row.
const listAccount = async (db: Db, account: ListedAccount, key: EncryptionKey): Promise<boolean> => {
  const { stripe_user_id: id } = account
  const accounts = db.collection<AccountRow>('billing.accounts')
  const row = await accounts.findOne({ _id: id })
  if (row !== null && !isCounted(row)) {
    await countedRow(db, id)
    return false
  }
  const secrets = secretFields(account, { account: id, key, stored: row ?? {} })
  const named = { ...listedFields(account, row), ...secrets, ...connectionBy(secrets, row) }
  if (row === null) {
    const inserted = { ...newAccountRow(id), ...named, seq: 1 + (await lastKnownCommit(db, id)) }
    const { upsertedCount } = await accounts.updateOne(
      { _id: id },
      { $setOnInsert: inserted },
      { upsert: true },
    )
    return upsertedCount === 1
  }
  const changed = Object.entries(named).filter(
    ([name, value]) => !isEqual(value, row[name as keyof AccountRow]),
  ) // fields of a row
  if (changed.length === 0) return true
  // Raising the sequence refuses batches that were folded with the settings of before.
  const update = { $set: Object.fromEntries(changed), $inc: { seq: 1 } }
  return (await accounts.updateOne({ _id: id, seq: row.seq }, update)).matchedCount === 1
}

// A token of its own may reach an account that took the platform's access back. Whoever lists another one says so, and it
// counts as a return: the account is asked again, and a backfill is wanted for what was missed. That it is wrong the first
// call tells.
const connectionBy = (
  { access_token: token }: Readonly<Record<string, unknown>>,
  row: AccountRow | null,
): { readonly connection?: Connection } => {
  const known = row?.connection
  if (known?.state !== 'disconnected' || typeof token !== 'string' || token === row?.access_token) return {}
  return {
    connection: { state: 'connected', as_of: new Date(Math.max(Date.now(), known.as_of.getTime() + 1)) },
  }
}

/** Returns the fields that the config file gives to a row, its secrets aside, and what they leave to be done. */
export const listedFields = (
  { new_contact, support, mappings }: ListedAccount,
  row: Partial<AccountRow> | null,
): Readonly<Record<string, unknown>> => ({
  ...Object.fromEntries(
    Object.entries({ new_contact, support, mappings }).filter(([, value]) => value !== undefined),
  ),
  ...(row === null || mappings === undefined ? {} : dueFields(row, mappings)),
  listed: true,
})

/** Returns the field that has the contacts of a row derived anew; none where its mappings stay as they are. */
export const dueFields = (
  { mappings: before = [], contacts_due: due }: Partial<AccountRow>,
  mappings: readonly MappingRule[],
): { readonly contacts_due?: ContactsDue } => {
  if (isEqual(before, mappings)) return {}
  const fields = new Set([...(due?.mapped_before ?? []), ...targetsOf(before)])
  return { contacts_due: { after: '', mapped_before: [...fields] } }
}

/** Returns the row of an account that is new, without its `_id`. */
export const newAccountRow = (id: string) => ({
  stripe_user_id: id,
  seq: 0,
  new_contact: false,
  support: true,
  mappings: [],
  created_at: new Date(),
})

const settingsOf = (id: string, row: Partial<AccountRow> | null): AccountSettings => {
  const defaults = defaultSettings(id)
  return {
    id,
    newContact: row?.new_contact ?? defaults.newContact,
    support: row?.support ?? defaults.support,
    mappings: row?.mappings ?? defaults.mappings,
  }
}

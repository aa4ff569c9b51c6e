// Connected accounts ("stripeBilling"), which are the truth at run time; the config only overwrites what it names.

import type { Db } from 'mongodb'
import { type AccountSettings, defaultSettings } from '../core/account.ts'
import type { MappingRule } from '../core/mapping.ts'
import type { Unfinished } from '../pipeline-store.ts'
import { type EncryptionKey, type ListedSecrets, secretFields } from './account-secrets.ts'
import { translateMongoErrors } from './mongo-errors.ts'

/** An account's row, as far as billing-sync reads it. */
export interface AccountRow {
  readonly _id: string
  readonly stripe_user_id: string
  /** Number of commits of this account; every commit compares and raises it. */
  readonly seq: number
  readonly listed?: boolean
  readonly new_contact?: boolean
  readonly support?: boolean
  readonly mappings?: readonly MappingRule[]
  readonly platform?: true
  readonly connection?: { readonly state: string }
  readonly unfinished?: readonly Unfinished[]
}

/** Fields of an account that the config file may name. */
export interface ListedAccount extends ListedSecrets {
  readonly stripe_user_id: string
  readonly new_contact?: boolean | undefined
  readonly support?: boolean | undefined
  readonly mappings?: readonly MappingRule[] | undefined
}

/** An account as the pipeline opens it. */
export interface AccountState {
  readonly settings: AccountSettings
  readonly seq: number
  readonly listed: boolean
  readonly disconnected: boolean
  readonly unfinished: readonly Unfinished[]
}

/** Returns the account's row, made with default settings when it is new. */
export const openAccountRow = async (db: Db, id: string): Promise<AccountState> => {
  const accounts = db.collection<AccountRow>('billing.accounts')
  const row =
    (await accounts.findOne({ _id: id })) ??
    (await accounts.findOneAndUpdate(
      { _id: id },
      { $setOnInsert: newAccountRow(id) },
      { upsert: true, returnDocument: 'after' },
    ))
  return accountStateOf(id, row)
}

/** Returns the state that an account's row tells. */
export const accountStateOf = (id: string, row: Partial<AccountRow> | null): AccountState => ({
  settings: settingsOf(id, row),
  seq: row?.seq ?? 0,
  listed: row?.listed === true,
  disconnected: row?.connection?.state === 'disconnected',
  unfinished: row?.unfinished ?? [],
})

/**
 * Writes what the config file says of its accounts: only fields that it names, each account in one step.
 * Throws `mongodb_unavailable`.
 * @param key seals what is secret
 */
export const listAccounts = (db: Db, listed: readonly ListedAccount[], key?: EncryptionKey): Promise<void> =>
  translateMongoErrors(async () => {
    for (const account of listed) await listAccount(db, account, key)
  })

const listAccount = async (db: Db, account: ListedAccount, key: EncryptionKey): Promise<void> => {
  const { stripe_user_id: id } = account
  const named = { ...namedFields(account), ...secretFields(id, account, key) }
  const { seq: _seq, ...inserted } = newAccountRow(id)
  const onInsert = Object.fromEntries(Object.entries(inserted).filter(([key]) => !Object.hasOwn(named, key)))
  // Raising the sequence refuses batches that were folded with the settings of before.
  await db
    .collection<AccountRow>('billing.accounts')
    .updateOne({ _id: id }, { $set: named, $setOnInsert: onInsert, $inc: { seq: 1 } }, { upsert: true })
}

/** Returns the fields that the config file gives to a row, its secrets aside. */
export const namedFields = ({
  new_contact,
  support,
  mappings,
}: ListedAccount): Readonly<Record<string, unknown>> => ({
  ...Object.fromEntries(
    Object.entries({ new_contact, support, mappings }).filter(([, value]) => value !== undefined),
  ),
  listed: true,
})

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

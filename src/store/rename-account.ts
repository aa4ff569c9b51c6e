// Moves every document of one account to another account id, in one transaction. Only meant for the placeholder
// under which the platform's replayed events were kept before anybody told its account id.

import { type ClientSession, type Db, type Document, type MongoClient, MongoServerError } from 'mongodb'
import { BillingSyncError } from '../errors.ts'
import { type AccountRow, dueFields } from './accounts.ts'
import { collectionIndexes } from './collections.ts'
import { commitKnowingly } from './commit-knowingly.ts'
import { duplicateKey, judgeTransactionError, type TransactionVerdict } from './mongo-errors.ts'
import { decodeStored, toStorable } from './storable.ts'

interface Renaming {
  readonly from: string
  readonly to: string
}

/**
 * Renames an account in all collections, or in none. Throws `account_busy` where somebody else writes to the account
 * meanwhile, and `config_invalid` where both accounts hold the same object or one transaction can't hold all of it:
 * https://www.mongodb.com/docs/manual/core/transactions-production-consideration/
 */
export const renameAccount = async (client: MongoClient, db: Db, renaming: Renaming): Promise<void> => {
  for (let tries = 1; ; tries += 1) {
    try {
      await client.withSession((session) => renameOnce(session, db, renaming))
      return
    } catch (error) {
      if (tries < mostTries && judgeTransactionError(error) === 'again') continue
      throw verdictOn(error, db, renaming)
    }
  }
}

/** A primary that steps down ends one transaction; what ends the second as well is in the transaction. */
const mostTries = 2

const renameOnce = async (session: ClientSession, db: Db, renaming: Renaming): Promise<void> => {
  session.startTransaction({ writeConcern: { w: 'majority', journal: true } })
  for (const name of Object.keys(collectionIndexes)) {
    if (name !== accountsName) await renameIn(db, name, { ...renaming, session })
  }
  await renameRow(db, { ...renaming, session })
  await commitKnowingly(session)
}

const accountsName = 'billing.accounts'

const verdictOn = (error: unknown, db: Db, { from, to }: Renaming): unknown => {
  if (error instanceof MongoServerError && error.code === duplicateKey) {
    const problem = `the database ${db.databaseName} keeps the same objects under ${from} and under ${to}; use another database`
    return new BillingSyncError('config_invalid', { source: 'STRIPE_ACCOUNT_ID', problem }, { cause: error })
  }
  const verdict = judgeTransactionError(error)
  // Who meets another writer of a document, be that one at work or dead with its transaction open.
  if (verdict === 'crowded') return new BillingSyncError('account_busy', { seconds: 0 }, { cause: error })
  if (!endedByServer.has(verdict)) return error
  const problem = `MongoDB ended the transaction that renames ${from} to ${to} in the database ${db.databaseName}, which may hold too much for one; run the command again, or replay its files into another database`
  return new BillingSyncError('config_invalid', { source: 'STRIPE_ACCOUNT_ID', problem }, { cause: error })
}

/** Verdicts on a transaction that met no other writer, and lasted too long, grew too large or was ended by hand. */
const endedByServer: ReadonlySet<TransactionVerdict> = new Set(['again', 'outlasted', 'overflowing'])

// The config may have listed the account under its true id already: what is said there stays.
const renameRow = async (
  db: Db,
  { from, to, session }: Renaming & { readonly session: ClientSession },
): Promise<void> => {
  const accounts = db.collection<AccountRow>(accountsName)
  const row = await accounts.findOneAndDelete({ _id: from }, { session })
  if (row === null) return
  const listed = await accounts.findOne({ _id: to }, { session })
  await accounts.updateOne(
    { _id: to },
    { $set: { ...renamedFields(row, listed), stripe_user_id: to }, $inc: { seq: row.seq + 1 } },
    { upsert: true, session },
  )
}

/** Returns the fields of an account's row once it is renamed; `listed` is the row under its new id, null where there is none. */
export const renamedFields = (
  { _id, seq, ...row }: AccountRow,
  listed: AccountRow | null,
): Partial<AccountRow> => (listed === null ? row : { ...fieldsBeside(listed, row), ...platformMark(row) })

const platformMark = ({ platform }: Pick<AccountRow, 'platform'>): Pick<AccountRow, 'platform'> =>
  platform === true ? { platform } : {}

// What the two rows tell of work that is left is true of the documents of each.
const fieldsBeside = (
  { _id, seq, ...listed }: AccountRow,
  row: Omit<AccountRow, '_id' | 'seq'>,
): Partial<AccountRow> => {
  const unfinished = [...(listed.unfinished ?? []), ...(row.unfinished ?? [])]
  // Its contacts may have been derived with other mappings than those that they come under.
  const due = dueFields(row, listed.mappings ?? row.mappings ?? []).contacts_due ?? row.contacts_due
  const mappedBefore = new Set([...(due?.mapped_before ?? []), ...(listed.contacts_due?.mapped_before ?? [])])
  return {
    ...row,
    ...listed,
    ...(unfinished.length === 0 ? {} : { unfinished }),
    ...(due === undefined ? {} : { contacts_due: { after: '', mapped_before: [...mappedBefore] } }),
  }
}

// An `_id` can't be changed: the document is written anew under the new one.
const renameIn = async (
  db: Db,
  name: string,
  { from, to, session }: Renaming & { readonly session: ClientSession },
): Promise<void> => {
  const collection = db.collection<{ _id: never }>(name)
  const rows = await collection.find<Uint8Array>({ stripe_user_id: from }, { raw: true, session }).toArray()
  if (rows.length === 0) return
  const documents = rows.map((bytes) => decodeStored(bytes))
  await collection.deleteMany({ stripe_user_id: from }, { session })
  const renamed = documents.map(
    (document) => toStorable(renamedDocument(document, { name, from, to })) as Document,
  )
  await collection.insertMany(renamed as never[], { session }) // ids of any type
}

// Our ids begin with their account; the rest is another id, in which one of ours may lie: a contact's in its
// conversation's, and that in the room's. Merchants choose ids themselves, so nothing deeper is taken for an account.
const accountsInId: Readonly<Record<string, number>> = { contact_id: 1, conversation_id: 2, room_id: 3 }
const accountsInOwnId: Readonly<Record<string, number>> = { 'support.conversations': 2, 'support.rooms': 3 }

const renamedDocument = (
  document: Record<string, unknown>,
  { name, ...renaming }: Renaming & { readonly name: string },
): Record<string, unknown> => {
  const ids = Object.entries({ ...accountsInId, _id: accountsInOwnId[name] ?? 1 })
    .filter(([field]) => typeof document[field] === 'string')
    .map(([field, accounts]) => [field, renamedId(String(document[field]), accounts, renaming)])
  return { ...document, ...Object.fromEntries(ids), stripe_user_id: renaming.to }
}

// Ids of others are left alone.
const renamedId = (id: string, accounts: number, { from, to }: Renaming): string =>
  accounts > 0 && id.startsWith(`${from}:`)
    ? `${to}:${renamedId(id.slice(from.length + 1), accounts - 1, { from, to })}`
    : id

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

// The config may have listed the account under its true id already: what it says there stays.
const renameRow = async (
  db: Db,
  { from, to, session }: Renaming & { readonly session: ClientSession },
): Promise<void> => {
  const accounts = db.collection<AccountRow>(accountsName)
  const row = await accounts.findOneAndDelete({ _id: from }, { session })
  if (row === null) return
  const { _id, seq, platform, ...settings } = row
  const listed = await accounts.findOne({ _id: to }, { session })
  // Its contacts were derived with other mappings than those that they come under.
  const due = listed === null ? {} : dueFields(row, listed.mappings ?? [])
  await accounts.updateOne(
    { _id: to },
    {
      $setOnInsert: { ...settings, stripe_user_id: to },
      $set: { ...(platform === true ? { platform } : {}), ...due },
      $inc: { seq: seq + 1 },
    },
    { upsert: true, session },
  )
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
  const renamed = documents.map((document) => toStorable(renamedDocument(document, { from, to })) as Document)
  await collection.insertMany(renamed as never[], { session }) // ids of any type
}

const referringFields = ['_id', 'contact_id', 'conversation_id', 'room_id']

const renamedDocument = (
  document: Record<string, unknown>,
  { from, to }: Renaming,
): Record<string, unknown> => {
  const fields = referringFields
    .filter((field) => typeof document[field] === 'string')
    .map((field) => [field, renamedId(String(document[field]), { from, to })])
  return { ...document, ...Object.fromEntries(fields), stripe_user_id: to }
}

// Our ids begin with their account; ids of others are left alone. A conversation's id holds its contact's.
const renamedId = (id: string, { from, to }: Renaming): string => {
  if (id !== from && !id.startsWith(`${from}:`)) return id
  return id
    .split(':')
    .map((part) => (part === from ? to : part))
    .join(':')
}

// One batch, one transaction, writes only. Guarantee: all or nothing; false when another writer of the account was
// faster. That of a held account is lost only where what was read is older than the hold, or the transaction is gone.

import type { ClientSession, Db, MongoClient } from 'mongodb'
import { groupBy } from '../core/group-by.ts'
import type { Settlement } from '../core/inbox-row.ts'
import type { Commit, RowSettlement } from '../ports/pipeline-store.ts'
import type { Write } from '../unit-of-work/change-set.ts'
import type { StoredDocument } from '../unit-of-work/reader.ts'
import { beginOnAccount } from './account-transaction.ts'
import { savePositions } from './cursors.ts'
import { rowOf } from './inbox.ts'
import { insertNotices, type NoticeTargets, queueOnly } from './outbox-rows.ts'
import { type Storable, storableOf } from './storable.ts'
import { insertAll, type StorableUpdate, updateAll, type WriteTarget } from './write-commands.ts'

interface CommitTarget {
  readonly client: MongoClient
  readonly db: Db
  readonly retentionMs: number
  /** Where notices go; to `queue.jobs` unless told otherwise. */
  readonly targets?: NoticeTargets
}

/**
 * Commits a batch. Throws `mongodb_unavailable`, `payload_unstorable` where the server refuses a document,
 * `document_conflict` where a key is taken: by somebody else, since no other batch of the account came in between,
 * `document_refused` where a validator of others refuses a document, and
 * `commit_too_heavy` or `commit_too_slow` where the server ended a transaction that held the account already.
 */
export const commitBatch = async (commit: Commit, target: CommitTarget): Promise<boolean> => {
  const transaction = await beginOnAccount(target, commit.account, commit.seq)
  return (await transaction?.commit((session) => writeBatch(commit, target, session))) ?? false
}

/** An account that is held: its own commit goes through, and throws as `commitBatch` does, all others wait. */
export interface HeldCommit {
  commit(commit: Commit): Promise<boolean>
  /** Lets the others commit, unless it has. Never throws. */
  release(): Promise<void>
}

/** Holds an account for one commit; null where another writer has it. Throws `mongodb_unavailable`. */
export const holdAccount = async (account: string, target: CommitTarget): Promise<HeldCommit | null> => {
  const transaction = await beginOnAccount(target, account)
  if (transaction === null) return null
  return {
    commit: async (commit) =>
      commit.seq === transaction.seq &&
      (await transaction.commit((session) => writeBatch(commit, target, session))),
    release: transaction.abort,
  }
}

const writeBatch = async (
  commit: Commit,
  { db, retentionMs, targets = queueOnly }: CommitTarget,
  session: ClientSession,
): Promise<boolean> => {
  for (const [collection, writes] of groupByCollection(commit.writes)) {
    if (!(await applyWrites({ db, session }, collection, writes))) return false
  }
  const expiresAt = new Date(commit.now.getTime() + retentionMs)
  await insertNotices(db, commit, { session, expiresAt, targets })
  await savePositions(db, commit, session)
  return settleRows(db, commit, { session, expiresAt })
}

const groupByCollection = (writes: readonly Write[]): ReadonlyMap<string, readonly Write[]> =>
  groupBy(writes, ({ collection }) => collection)

// False where a document that was read is gone.
const applyWrites = async (
  target: WriteTarget,
  collection: string,
  writes: readonly Write[],
): Promise<boolean> => {
  const inserts: Storable[] = []
  const updates: StorableUpdate[] = []
  for (const write of writes) {
    if (write.kind === 'insert') inserts.push(storableOf(write.document))
    else updates.push(write.kind === 'update' ? updateOf(write) : replacementOf(write.document))
  }
  await insertAll(collection, inserts, target)
  return (await updateAll(collection, updates, target)) === updates.length
}

const replacementOf = (stored: StoredDocument): StorableUpdate => {
  const { document, mostBytes } = storableOf(stored)
  // The server takes no top-level key such as `$set` in a replacement, but does out of a pipeline.
  const isPlain = !Object.keys(stored).some((key) => key.startsWith('$'))
  return {
    id: stored._id,
    document: isPlain ? document : [{ $replaceWith: { $literal: document } }],
    mostBytes,
  }
}

// One of nothing at all would be a replacement by an empty document.
const updateOf = ({ id, set, unset }: Extract<Write, { kind: 'update' }>): StorableUpdate => ({
  id,
  ...storableOf({
    ...(Object.keys(set).length > 0 || unset.length === 0 ? { $set: set } : {}),
    ...(unset.length > 0 ? { $unset: Object.fromEntries(unset.map((path) => [path, ''])) } : {}),
  }),
})

interface Writing {
  readonly session: ClientSession
  readonly expiresAt: Date
}

const settleRows = async (
  db: Db,
  { settlements, now }: Commit,
  { session, expiresAt }: Writing,
): Promise<boolean> => {
  const rows = db.collection<{ _id: string }>('billing.events')
  const written = settlements.flatMap(({ newRow, next }) =>
    newRow === undefined ? [] : [{ ...rowOf(newRow, now), ...settledFields(next, expiresAt) }],
  )
  await insertAll('billing.events', written.map(storableOf), { db, session })
  const there = settlements.filter(({ newRow }) => newRow === undefined)
  if (there.length === 0) return true
  // Most rows of a batch settle alike: one statement for them all costs a fraction of one for each.
  const alike = groupBy(there, ({ expected, next }) => JSON.stringify([expected, next]))
  const operations = [...alike.values()].flatMap((group) => settleAlike(group, expiresAt))
  const result = await rows.bulkWrite(operations, { session, ordered: false })
  return result.matchedCount === there.length
}

const settleAlike = (group: readonly RowSettlement[], expiresAt: Date) => {
  const [first] = group
  if (first === undefined) return []
  const { expected, next } = first
  const filter = { _id: { $in: group.map(({ rowId }) => rowId) }, ...expected }
  // One that was ignored may wait from now on, and what waits must not expire.
  const update = {
    $set: settledFields(next, expiresAt),
    ...(expires(next) ? {} : { $unset: { expires_at: '' as const } }),
  }
  return [{ updateMany: { filter, update, hint: { _id: 1 } as const } }]
}

const settledFields = (next: Settlement, expiresAt: Date) => ({
  ...next,
  ...(expires(next) ? { expires_at: expiresAt } : {}),
})

const expires = ({ status }: Settlement): boolean => status === 'done' || status === 'ignored'

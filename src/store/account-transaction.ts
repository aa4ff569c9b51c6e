// One transaction on one account, whose first write raises the account's sequence number: from then on no other commit
// of the account goes through until it ends. Guarantee: all or nothing; unless its process stands still for seconds it is
// never taken for abandoned (abandoned-transactions.ts), so a batch may be folded in it. A crash in the middle leaves an
// open transaction that another process or the server's own time limit ends.

import type { ClientSession, Db, MongoClient } from 'mongodb'
import { BillingSyncError } from '../errors.ts'
import { openAccountRow } from './accounts.ts'
import { commitKnowingly } from './commit-knowingly.ts'
import { judgeTransactionError, transactionEnd } from './mongo-errors.ts'
import { RefusedWrite } from './write-commands.ts'

export interface AccountTransaction {
  /** The account's sequence number before it was raised. */
  readonly seq: number
  /**
   * Writes and commits; false where the writing answers so, or the server no longer knows the transaction: nothing is
   * written then. The transaction ends either way. Throws `mongodb_unavailable`, `payload_unstorable`, `document_conflict`,
   * `document_refused`, `commit_too_heavy`, also where another program has written one of its documents since it began, and
   * `commit_too_slow`, also where the server no longer knows it after seconds.
   */
  commit(write: (session: ClientSession) => Promise<boolean>): Promise<boolean>
  /** Ends it with nothing written, unless it has ended. Never throws. */
  abort(): Promise<void>
}

/**
 * Begins a transaction on an account; null where another writer has it.
 * @param seq the sequence number that it must have; any unless given
 */
export const beginOnAccount = async (
  { client, db }: { readonly client: MongoClient; readonly db: Db },
  account: string,
  seq?: number,
): Promise<AccountTransaction | null> => {
  const session = client.startSession()
  try {
    session.startTransaction({ writeConcern: { w: 'majority', journal: true } })
    const raised = await raiseSequence(db, { account, seq }, session)
    if (raised !== null) return transactionIn(session, { account, seq: raised, db })
    await abort(session)
    // A row that somebody removed is made anew: the next try finds it.
    if (seq === undefined) await openAccountRow(db, account)
    return null
  } catch (error) {
    await abort(session)
    verdictOn(error, false)
    return null
  }
}

// Answers the number before, null where the account does not have the one wanted.
const raiseSequence = async (
  db: Db,
  { account, seq }: { readonly account: string; readonly seq: number | undefined },
  session: ClientSession,
): Promise<number | null> => {
  const accounts = db.collection<{ _id: string; seq: number }>('billing.accounts')
  const raising = { $inc: { seq: 1 } }
  if (seq !== undefined) {
    const raised = await accounts.updateOne({ _id: account, seq }, raising, { session })
    return raised.matchedCount === 1 ? seq : null
  }
  const options = { session, projection: { seq: 1 }, returnDocument: 'before' } as const
  const before = await accounts.findOneAndUpdate({ _id: account }, raising, options)
  return before?.seq ?? null
}

const transactionIn = (
  session: ClientSession,
  { account, seq, db }: { readonly account: string; readonly seq: number; readonly db: Db },
): AccountTransaction => {
  const begunMs = performance.now()
  const endIdling = keepAwake(() =>
    db.collection<{ _id: string }>('billing.accounts').findOne({ _id: account }, { session }),
  )
  return {
    seq,
    commit: async (write) => {
      await endIdling()
      try {
        if (!(await write(session))) return false
        await commitKnowingly(session)
        return true
      } catch (error) {
        if (performance.now() - begunMs > slowMs && judgeTransactionError(error) === 'again')
          throw new BillingSyncError('commit_too_slow', {}, { cause: error })
        return verdictOn(error, true)
      } finally {
        await abort(session)
      }
    },
    abort: async () => {
      await endIdling()
      await abort(session)
    },
  }
}

/** A transaction that is open for longer was not lost to a faster writer, but outlasted what ends transactions. */
const slowMs = 3_000

/** Pause between two reads that show that a transaction is not abandoned. */
const awakeEveryMs = 500

// A session does one thing at a time: whoever uses it ends this first, and waits for one read at most, also where MongoDB
// is away. What the read meets the commit meets as well.
const keepAwake = (read: () => Promise<unknown>): (() => Promise<void>) => {
  let reading: Promise<unknown> | null = null
  const timer = setInterval(() => {
    reading ??= read()
      .catch(() => undefined)
      .finally(() => {
        reading = null
      })
  }, awakeEveryMs)
  return async () => {
    clearInterval(timer)
    await reading
  }
}

// The server forgets a transaction that can't be aborted by itself; the error that led here is the one to tell.
const abort = async (session: ClientSession): Promise<void> => {
  if (session.inTransaction()) await session.abortTransaction().catch(() => undefined)
  await session.endSession()
}

const problems = {
  unstorable: 'it makes a document of over 16 MB',
  unindexable: 'it holds lists in several fields that one index covers',
  overflowing: "writing it takes more than the server's cache has room for",
} as const

// Who holds the account meets no other writer of it: it was overtaken by somebody who writes one of its contacts, and
// will be through soon, or it writes too much at once.
const verdictOn = (error: unknown, holdsAccount: boolean): false => {
  const verdict = judgeTransactionError(error)
  if (verdict === 'crowded' && holdsAccount)
    throw new BillingSyncError('commit_too_heavy', {}, { cause: error })
  if (verdict === 'outlasted') throw new BillingSyncError('commit_too_slow', {}, { cause: error })
  if (verdict === 'again' || verdict === 'crowded') return false
  if (verdict === 'taken') throw new BillingSyncError('document_conflict', {}, { cause: error })
  if (verdict === 'unstorable' || verdict === 'unindexable' || verdict === 'overflowing')
    throw new BillingSyncError('payload_unstorable', { problem: problems[verdict] }, { cause: error })
  if (verdict === 'invalid')
    throw new BillingSyncError('document_refused', { collection: collectionOf(error) }, { cause: error })
  if (verdict === 'ours') throw error
  throw new BillingSyncError('mongodb_unavailable', { reason: transactionEnd(error) }, { cause: error })
}

// What no command of `write-commands.ts` writes are the inbox's rows.
const collectionOf = (error: unknown): string =>
  error instanceof RefusedWrite ? error.collection : 'billing.events'

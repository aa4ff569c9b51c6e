// Transactions that a killed or frozen process left open. They lock what they wrote, the account's row before all, until
// the server's own limit: 60 s by default and up to 20 more until it looks (79 s measured); on the embedded server 12.
// Guarantee: only transactions of billing-sync are ended, and only those that were seen to do nothing for seconds: ours are
// short, or kept awake (account-transaction.ts), so their process is dead or frozen. Should it wake up, its commit fails as
// one that was lost.

import type { Db, Long, MongoClient, UUID } from 'mongodb'
import { driverName } from './database.ts'

/** How long a transaction may do nothing. */
const inactiveMs = 2_000

/** A transaction at rest, by $currentOp. */
interface IdleSession {
  readonly lsid: { readonly id: UUID }
  /** Times are of its whole life: that it does nothing shows when the active one no longer grows. */
  readonly transaction: {
    readonly parameters: { readonly txnNumber: Long | number }
    readonly timeActiveMicros: Long | number
  }
}

/** Pause between two looks: commits are lost to living writers far more often. */
export const lookEveryMs = 500

/**
 * Returns what looks for them and ends them, where the server lets us: to be called after every lost commit. It looks
 * twice a second at most. Never throws, since the next lost commit leads here again.
 */
export const openAbandonedTransactions = (client: MongoClient): (() => void) => {
  let lookedAtMs = Number.NEGATIVE_INFINITY
  let idleSince: IdleSince = new Map()
  return () => {
    const nowMs = performance.now()
    if (nowMs - lookedAtMs < lookEveryMs) return
    lookedAtMs = nowMs
    look(client.db('admin'), idleSince, nowMs)
      .then((seen) => {
        idleSince = seen
      })
      .catch(() => undefined)
  }
}

/** When a transaction was first seen with what it has done until now. */
type IdleSince = ReadonlyMap<string, number>

const look = async (admin: Db, before: IdleSince, nowMs: number): Promise<IdleSince> => {
  const sessions = await admin
    .aggregate<IdleSession>([
      { $currentOp: { allUsers: false, idleSessions: true } },
      { $match: ours },
      { $project: { lsid: 1, 'transaction.parameters.txnNumber': 1, 'transaction.timeActiveMicros': 1 } },
    ])
    .toArray()
  const sinceMs = (session: IdleSession): number => before.get(stateOf(session)) ?? nowMs
  const idle = sessions.filter((session) => nowMs - sinceMs(session) >= inactiveMs)
  if (idle.length > 0) await admin.command({ killSessions: idle.map(({ lsid }) => ({ id: lsid.id })) })
  return new Map(sessions.map((session) => [stateOf(session), sinceMs(session)]))
}

const stateOf = ({ lsid, transaction }: IdleSession): string =>
  [lsid.id, transaction.parameters.txnNumber, transaction.timeActiveMicros].join(' ')

// The driver appends a client's own name to its own.
const ours = {
  type: 'idleSession',
  'clientMetadata.driver.name': { $regex: `\\|${driverName}$` },
}

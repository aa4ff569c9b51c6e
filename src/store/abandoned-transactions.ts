// Transactions that a killed or frozen process left open. They lock what they wrote, the account's row before all, until
// the server's own limit: 60 s by default and up to 20 more until it looks (79 s measured); on the embedded server 12.
// Guarantee: only transactions of billing-sync are ended, and only those that did nothing for seconds: ours are short and
// pause for the folding of a batch at most, so their process is dead or frozen. Should it wake up, its commit fails as one
// that was lost.

import type { Db, MongoClient, UUID } from 'mongodb'
import { driverName } from './database.ts'

/** How long a transaction may do nothing. */
const inactiveMs = 3_000

interface IdleSession {
  readonly lsid: { readonly id: UUID }
}

/** Pause between two looks: commits are lost to living writers far more often. */
const lookEveryMs = 1_000

/**
 * Returns what looks for them and ends them, where the server lets us: to be called after every lost commit. It looks
 * once a second at most. Never throws, since the next lost commit leads here again.
 */
export const openAbandonedTransactions = (client: MongoClient): (() => void) => {
  let lookedAtMs = Number.NEGATIVE_INFINITY
  return () => {
    if (performance.now() - lookedAtMs < lookEveryMs) return
    lookedAtMs = performance.now()
    endAbandoned(client.db('admin')).catch(() => undefined)
  }
}

const endAbandoned = async (admin: Db): Promise<void> => {
  const sessions = await admin
    .aggregate<IdleSession>([
      { $currentOp: { allUsers: false, idleSessions: true } },
      { $match: abandoned },
      { $project: { lsid: 1 } },
    ])
    .toArray()
  if (sessions.length > 0)
    await admin.command({ killSessions: sessions.map(({ lsid }) => ({ id: lsid.id })) })
}

// The driver appends a client's own name to its own.
const abandoned = {
  type: 'idleSession',
  'clientMetadata.driver.name': { $regex: `\\|${driverName}$` },
  'transaction.timeInactiveMicros': { $gte: inactiveMs * 1_000 },
}

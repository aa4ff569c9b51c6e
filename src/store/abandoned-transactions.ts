// Transactions that a killed or frozen process left open. They lock what they wrote, the account's row before all, until
// the server's own limit: 60 s by default and up to 20 more until it looks (79 s measured); on the embedded server 10.
// Guarantee: only transactions of billing-sync are ended, and only those that did nothing for seconds: ours are short and
// never pause, so their process is dead or frozen. Should it wake up, its commit fails as one that was lost.

import { type MongoClient, MongoServerError, type UUID } from 'mongodb'
import { driverName } from './database.ts'
import { translateMongoErrors } from './mongo-errors.ts'

/** How long a transaction may do nothing. */
const inactiveMs = 3_000

/** Server errors 13 Unauthorized and 20 IllegalOperation: this server's own limit has to do. */
const notAllowed: ReadonlySet<unknown> = new Set([13, 20])

interface IdleSession {
  readonly lsid: { readonly id: UUID }
}

/** Ends them, where the server lets us. Throws `mongodb_unavailable`. */
export const endAbandonedTransactions = (client: MongoClient): Promise<void> =>
  translateMongoErrors(async () => {
    const admin = client.db('admin')
    try {
      const sessions = await admin
        .aggregate<IdleSession>([
          { $currentOp: { allUsers: false, idleSessions: true } },
          { $match: abandoned },
          { $project: { lsid: 1 } },
        ])
        .toArray()
      if (sessions.length > 0)
        await admin.command({ killSessions: sessions.map(({ lsid }) => ({ id: lsid.id })) })
    } catch (error) {
      if (!(error instanceof MongoServerError && notAllowed.has(error.code))) throw error
    }
  })

// The driver appends a client's own name to its own.
const abandoned = {
  type: 'idleSession',
  'clientMetadata.driver.name': { $regex: `\\|${driverName}$` },
  'transaction.timeInactiveMicros': { $gte: inactiveMs * 1_000 },
}

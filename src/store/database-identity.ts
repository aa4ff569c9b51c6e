// What tells one database from another where several share one Redis: a live one and a test one, two clusters' of one
// name, or one that was dropped, or restored from a dump, and counts its commits anew. Guarantee: the same for all
// processes for as long as the sequence numbers of accounts go on. It is the server's own id of the collection that keeps
// them: a copy of the database has another, which an id stored in it would not. Not told apart: a database whose files were
// put back from a copy, which keeps it. Its queue jobs have the time of their commit in their ids (queue-sink.ts).

import type { Db } from 'mongodb'
import { translateMongoErrors } from './mongo-errors.ts'

/** Returns the identity of a database whose collections are in place: 32 hexadecimal digits. Throws `mongodb_unavailable`. */
export const databaseIdentity = (db: Db): Promise<string> =>
  translateMongoErrors(async () => {
    const [accounts] = await db.listCollections({ name: 'billing.accounts' }).toArray()
    const id = accounts !== undefined && 'info' in accounts ? accounts.info?.uuid : undefined
    if (id === undefined) throw new TypeError('the database has no billing.accounts')
    return id.toString('hex')
  })

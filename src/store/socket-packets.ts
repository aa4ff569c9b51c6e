// The collection through which Socket.IO's MongoDB adapters talk to each other, in their own format; packets expire.

import type { Collection, Db, Document } from 'mongodb'
import { translateMongoErrors } from './mongo-errors.ts'

/** Returns the collection. Adapters watch it: a change stream reads with `majority` only, whatever the client reads with. */
export const socketPackets = (db: Db): Collection =>
  db.collection('socket.packets', { readConcern: { level: 'majority' } })

/** Stores packets, in order; they are durable, and adapters see them, once it resolves. Throws `mongodb_unavailable`. */
export const storeSocketPackets = async (
  db: Db,
  packets: readonly Readonly<Record<string, unknown>>[],
): Promise<void> => {
  if (packets.length === 0) return
  await translateMongoErrors(() => socketPackets(db).insertMany(packets as Document[])) // the driver adds their ids
}

// Everything that a database holds, to be compared before and after.

import type { Db } from 'mongodb'

/** Returns the bytes of every document of every collection, as text that is equal only where all of them are. */
export const wholeDatabase = async (db: Db): Promise<Readonly<Record<string, readonly string[]>>> => {
  const collections = await db.listCollections({}, { nameOnly: true }).toArray()
  const names = collections.map(({ name }) => name).sort()
  const found = await Promise.all(names.map((name) => bytesOf(db, name)))
  return Object.fromEntries(names.map((name, index) => [name, found[index] ?? []]))
}

const bytesOf = async (db: Db, name: string): Promise<readonly string[]> => {
  // With this option the driver answers buffers, which its types don't know.
  const documents: readonly unknown[] = await db
    .collection(name)
    .find({}, { raw: true })
    .sort({ _id: 1 })
    .toArray()
  return documents.map((document) => (document as Buffer).toString('latin1')) // see above
}

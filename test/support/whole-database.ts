// Everything that a database holds, to be compared before and after.

import { BSON, type Db } from 'mongodb'

/** Returns every document of every collection, as text that is equal only where all of them are. */
export const wholeDatabase = async (db: Db): Promise<Readonly<Record<string, readonly string[]>>> => {
  const collections = await db.listCollections({}, { nameOnly: true }).toArray()
  const names = collections.map(({ name }) => name).sort()
  const documents = await Promise.all(
    names.map((name) => db.collection(name).find().sort({ _id: 1 }).toArray()),
  )
  return Object.fromEntries(
    names.map((name, index) => [
      name,
      (documents[index] ?? []).map((document) => BSON.EJSON.stringify(document, { relaxed: false })),
    ]),
  )
}

// A database of the bench's server for as long as something is measured on it.

import { type Db, MongoClient } from 'mongodb'

/** Runs work on a database, and drops it at its end. */
export const withDatabase = async <Result>(
  uri: string,
  work: (opened: { readonly db: Db; readonly client: MongoClient }) => Promise<Result>,
): Promise<Result> => {
  const client = new MongoClient(uri)
  try {
    return await work({ db: client.db(), client })
  } finally {
    await client.db().dropDatabase()
    await client.close()
  }
}

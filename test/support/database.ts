import { randomBytes } from 'node:crypto'
import { type Db, MongoClient, type MongoClientOptions } from 'mongodb'
import { afterAll, inject, onTestFinished } from 'vitest'

/** A database of one test file on the run's server. */
export interface TestDatabase {
  readonly client: MongoClient
  readonly db: Db
  /** Connection string with the database's name in its path, as a user would give it to a command. */
  readonly uri: string
}

/**
 * Connects to a database that no other test file uses; call it at the top of a file. The database
 * is dropped and the client closed after the file's last test.
 */
export const openTestDatabase = async (options: MongoClientOptions = {}): Promise<TestDatabase> => {
  const { close, ...database } = await openDatabase(options)
  afterAll(close)
  return database
}

/** The same for one test. */
export const openDatabaseForTest = async (options: MongoClientOptions = {}): Promise<TestDatabase> => {
  const { close, ...database } = await openDatabase(options)
  onTestFinished(close)
  return database
}

/** The same as code that was not asked to open it takes it: nothing is known of its trouble, and closing it is left to the test. */
export const asOpened = <Opened extends Pick<TestDatabase, 'client' | 'db'>>(database: Opened) => ({
  ...database,
  explain: async (error: unknown): Promise<unknown> => error,
  close: async (): Promise<void> => undefined,
})

const openDatabase = async (options: MongoClientOptions) => {
  const name = `test_${randomBytes(6).toString('hex')}`
  const uri = new URL(inject('mongodbUri'))
  uri.pathname = `/${name}`
  const client = new MongoClient(uri.href, { writeConcern: { w: 'majority' }, ...options })
  await client.connect()
  const db = client.db(name)
  const close = async (): Promise<void> => {
    await db.dropDatabase()
    await client.close()
  }
  return { client, db, uri: uri.href, close }
}

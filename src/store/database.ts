// Opens the database that the configuration names, or the embedded server where it names none, with its
// collections, indexes and currencies in place unless nothing may be written.

import { join } from 'node:path'
import { type Db, MongoClient } from 'mongodb'
import type { Config } from '../config/config.ts'
import { waitEnded } from '../core/interruption.ts'
import { systemErrorCode } from '../core/system-error-code.ts'
import { BillingSyncError } from '../errors.ts'
import { inTime } from '../in-time.ts'
import { ensureCollections } from './collections.ts'
import { seedCurrencies } from './currencies.ts'
import { translateMongoErrors } from './mongo-errors.ts'
import { hostsOf, type ServerPlace } from './server-place.ts'
import { unlessAway } from './unless-away.ts'

export interface Database {
  readonly client: MongoClient
  readonly db: Db
  /** Answers an error with what the embedded server's folder tells of its cause, once a signal came as it is. Never rejects. */
  readonly explain: (error: unknown) => Promise<unknown>
  /** Closes the connections, in two seconds at most, and lets go of the embedded server. */
  close(): Promise<void>
}

export interface DatabaseListener {
  /** Told what takes its time: fetching and starting the embedded server. */
  readonly onProgress: (text: string) => void
  /** Told once which embedded server is used and where its data lies. */
  readonly onEmbedded: (server: EmbeddedServer) => void
  /** Told each time that the embedded server does not come back while it is used: it is tried again. */
  readonly onAway?: (error: BillingSyncError) => void
  /** Told where the embedded server is lost for good while it is used: nothing is answered from then on. */
  readonly onLost?: (error: BillingSyncError) => void
}

/** The embedded server: which program it is, and where its data lies. */
export interface EmbeddedServer {
  readonly program: string
  readonly folder: string
}

/** Name of the database where the URI's path gives none. */
const defaultDatabase = 'billing_sync'

/** Folder of the embedded server's data, below the working directory. */
const embeddedFolder = '.billing-sync'

/** How long a server is looked for before a command gives up. */
const selectionTimeoutMs = 10_000

/** How long the farewell to a server may take; it forgets by itself who left without one. */
const closePatienceMs = 2_000

export interface OpenOptions {
  /** True where the database is left as it is: without collections, indexes and currencies if it has none. */
  readonly readOnly: boolean
  /** Ends the wait for a server that does not answer. */
  readonly signal?: AbortSignal
}

/** Opens the database. Throws `mongodb_unavailable`, `mongod_not_found`, `mongod_failed` or `config_invalid`. */
export const openDatabase = async (
  config: Config,
  listener: DatabaseListener,
  { readOnly, signal }: OpenOptions = { readOnly: false },
): Promise<Database> => {
  const server = config.mongodbUri === undefined ? await openEmbedded(config, listener, signal) : null
  const uri = config.mongodbUri ?? server?.uri ?? ''
  const place = { source: config.mongodbUriSource, hosts: hostsOf(uri) }
  const client = connectTo(uri, place)
  const explain = async (error: unknown): Promise<unknown> =>
    server === null || signal?.aborted === true ? error : server.explain(error)
  const close = async (): Promise<void> => {
    // It tells the server which sessions are over, and a frozen one never answers.
    await inTime(client.close(), closePatienceMs, null)
    await server?.release()
  }
  try {
    await translateMongoErrors(() => connect(client, place, signal), place)
    const db = databaseOf(client, uri, place)
    const makeReady = async (): Promise<void> => {
      await refuseStandalone(db, place)
      if (!readOnly) await prepare(db)
    }
    // A server that freezes now would be waited for without end.
    await (signal === undefined ? makeReady() : unlessAway(client, signal, makeReady))
    return { client, db, explain, close }
  } catch (error) {
    const explained = await explain(error)
    await close()
    throw explained
  }
}

/**
 * Runs work on a database that is opened for it and closed after it; once the signal came and the server is silent, nothing is
 * waited for. Throws as `openDatabase`, and as the work does.
 */
export const usingDatabase = async <Result>(
  config: Config,
  listener: DatabaseListener,
  options: OpenOptions & { readonly signal: AbortSignal },
  work: (database: Database) => Promise<Result>,
): Promise<Result> => {
  const database = await openDatabase(config, listener, options)
  try {
    return await unlessAway(database.client, options.signal, () => explaining(database, () => work(database)))
  } finally {
    await database.close()
  }
}

/** Does work on a database; what it throws is told with what is known of its cause. */
export const explaining = async <Result>(
  { explain }: Pick<Database, 'explain'>,
  work: () => Promise<Result>,
): Promise<Result> => {
  try {
    return await work()
  } catch (error) {
    throw await explain(error)
  }
}

// The driver knows no signal: a client that is closed stops waiting.
const connect = async (
  client: MongoClient,
  { source }: ServerPlace,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const stopWaiting = () => client.close()
  signal?.addEventListener('abort', stopWaiting, { once: true })
  try {
    signal?.throwIfAborted() // one that came before is not told again
    await client.connect()
  } catch (error) {
    if (signal?.aborted === true) throw waitEnded(error)
    if (!isOfFile(error)) throw error
    const problem = `a file that it names cannot be read (${systemErrorCode(error)})`
    throw new BillingSyncError('config_invalid', { source, problem }, { cause: error })
  } finally {
    signal?.removeEventListener('abort', stopWaiting)
  }
}

// A connection string may name files, such as `tlsCAFile`. The driver passes on what node:fs throws; what goes wrong on a
// connection comes as an error of its own.
const isOfFile = (error: unknown): boolean =>
  error instanceof Error && 'syscall' in error && /^(open|read)$/.test(String(error.syscall))

const prepare = async (db: Db): Promise<void> => {
  await ensureCollections(db)
  await seedCurrencies(db)
}

const openEmbedded = async (
  config: Config,
  { onProgress, onEmbedded, onAway, onLost }: DatabaseListener,
  signal: AbortSignal | undefined,
) => {
  const [{ openEmbeddedMongod }, { explainedByDisk }] = await Promise.all([
    import('./embedded/embedded-mongod.ts'),
    import('./embedded/disk-room.ts'),
  ])
  const server = await openEmbeddedMongod({
    dataFolder: join(config.folder, embeddedFolder),
    environment: config.environment,
    variables: config.serverVariables,
    onProgress,
    mongodPath: config.mongodPath,
    ...(signal && { signal }),
    ...(onAway && { onAway }),
    ...(onLost && { onLost }),
  })
  onEmbedded({ program: server.binarySource, folder: server.dataFolder })
  return { ...server, explain: (error: unknown) => explainedByDisk(error, server.dataFolder) }
}

/** Databases of the server's own, in which there are no transactions. */
const reservedDatabases: ReadonlySet<string> = new Set(['admin', 'config', 'local'])

const databaseOf = (client: MongoClient, uri: string, { source }: ServerPlace): Db => {
  const name = namesDatabase(uri) ? client.options.dbName : defaultDatabase
  if (reservedDatabases.has(name)) {
    const problem = `the database ${name} is the server's own; name another one in its path`
    throw new BillingSyncError('config_invalid', { source, problem })
  }
  try {
    return client.db(name)
  } catch (error) {
    const problem = 'no database can have the database name in its path'
    throw new BillingSyncError('config_invalid', { source, problem }, { cause: error })
  }
}

// The driver itself calls a database that nobody names `test`.
const namesDatabase = (uri: string): boolean => /^[a-z+]+:\/\/[^/?]+\/[^?]/.test(uri)

/** By what the server's list of sessions tells ours from those of others. */
export const driverName = 'billing-sync'

/** Options that the connection string may set otherwise. */
const defaultOptions = { appName: 'billing-sync', serverSelectionTimeoutMS: selectionTimeoutMs }

const defaultsFor = (uri: string): Partial<typeof defaultOptions> => {
  const given = [...new URLSearchParams(uri.split('?')[1]).keys()].map((name) => name.toLowerCase())
  return Object.fromEntries(
    Object.entries(defaultOptions).filter(([name]) => !given.includes(name.toLowerCase())),
  )
}

/**
 * Options that the connection string may not set otherwise: what is written is journaled by a majority, and what is read
 * is the primary's. A sequence number of one member and a document of another, older one would pass for a true state.
 */
const promisedOptions = {
  w: 'majority',
  journal: true,
  readPreference: 'primary',
  readConcernLevel: 'local',
} as const

const connectTo = (uri: string, { source }: ServerPlace): MongoClient => {
  try {
    return new MongoClient(uri, {
      ...defaultsFor(uri),
      driverInfo: { name: driverName },
      ...promisedOptions,
      ignoreUndefined: true,
    })
  } catch (error) {
    // The driver's text may quote the URI with its password.
    const problem =
      'expected a MongoDB connection string, such as mongodb://127.0.0.1:27017/billing_sync?replicaSet=rs0'
    throw new BillingSyncError('config_invalid', { source, problem }, { cause: error })
  }
}

// Transactions need a replica set or a sharded cluster: https://www.mongodb.com/docs/manual/core/transactions/
const refuseStandalone = async (db: Db, place: ServerPlace): Promise<void> => {
  const hello = await translateMongoErrors(() => db.command({ hello: 1 }), place)
  if (typeof hello.setName === 'string' || hello.msg === 'isdbgrid') return
  const problem =
    'the server is no replica set, and transactions need one; start mongod with --replSet and initiate it'
  throw new BillingSyncError('config_invalid', { source: place.source, problem })
}

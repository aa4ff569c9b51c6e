// Makes a started mongod the writable primary of a replica set of one, whatever port it had last time.

import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { type Db, type Document, MongoClient, MongoServerError } from 'mongodb'
import { replicaSetName } from './mongod-process.ts'

const checkMs = 15

/** A single node has nobody to wait for: it stands for election again after a second. */
const electionTimeoutMs = 1000

// mongod answers these while it still reads its stored configuration or takes over a new one.
const passingCodeNames: readonly unknown[] = [
  'AlreadyInitialized',
  'NotYetInitialized',
  'ConfigurationInProgress',
  'InterruptedDueToReplStateChange',
  'NotWritablePrimary',
]

/** A mongod that was started: where it listens, and the folder that it was told to keep its data in. */
export interface StartedAt {
  readonly port: number
  readonly database: string
}

/**
 * Waits until a started mongod takes writes; rejects only when the signal aborts or mongod refuses. Whoever else took its
 * port before it did is not touched: a mongod of somebody's would be made a member of this set.
 */
export const awaitPrimary = async ({ port, database }: StartedAt, signal: AbortSignal): Promise<void> => {
  // The driver looks for a server every 500 ms only; knocking until the port opens saves half a second.
  while (!(await isListening(port))) await wait(checkMs, undefined, { signal })
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`)
  const close = () => void client.close()
  signal.addEventListener('abort', close)
  try {
    const host = `127.0.0.1:${port}`
    const admin = client.db('admin')
    while (!((await isRunOn(admin, database)) && (await isPrimaryOnceConfigured(admin, host)))) {
      await wait(checkMs, undefined, { signal })
    }
  } finally {
    signal.removeEventListener('abort', close)
    await client.close()
  }
}

const isListening = async (port: number): Promise<boolean> => {
  const socket = connect({ host: '127.0.0.1', port })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

// False where nobody answers, or somebody who is no mongod or does not say.
const isRunOn = async (admin: Db, database: string): Promise<boolean> => {
  const { parsed } = await admin.command({ getCmdLineOpts: 1 }).catch(() => ({ parsed: {} }))
  return parsed.storage?.dbPath === database
}

const isPrimaryOnceConfigured = async (admin: Db, host: string): Promise<boolean> => {
  const hello = await admin.command({ hello: 1 })
  if (hello.isWritablePrimary && hello.me === host) return true
  if (hello.secondary && hello.me === host) return false // its election is under way
  try {
    await configure(admin, host)
  } catch (error) {
    const codeName = error instanceof MongoServerError ? error.codeName : undefined
    if (!passingCodeNames.includes(codeName)) throw error
  }
  return false
}

const configure = async (admin: Db, host: string): Promise<void> => {
  const config = await storedConfig(admin)
  if (config === undefined) {
    const settings = { electionTimeoutMillis: electionTimeoutMs }
    const members = [{ _id: 0, host }]
    await admin.command({ replSetInitiate: { _id: replicaSetName, members, settings } })
  } else if (config.members[0].host !== host) {
    // A set that finds itself at another port than its configuration says has no primary to ask: force it.
    const members = [{ ...config.members[0], host }]
    await admin.command({ replSetReconfig: { ...config, version: config.version + 1, members }, force: true })
  }
}

const storedConfig = async (admin: Db): Promise<Document | undefined> => {
  try {
    return (await admin.command({ replSetGetConfig: 1 })).config
  } catch (error) {
    if (error instanceof MongoServerError && error.codeName === 'NotYetInitialized') return undefined
    throw error
  }
}

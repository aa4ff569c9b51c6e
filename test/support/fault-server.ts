import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Db, type Document, MongoClient } from 'mongodb'
import { afterAll, onTestFinished } from 'vitest'
import { openEmbeddedMongod } from '../../src/store/embedded/embedded-mongod.ts'
import { awaitNoSupervisor, testEnvironment } from './embedded-environment.ts'
import { makeServerFolder } from './server-folder.ts'

/** A MongoDB of one test file, whose commands can be made to fail: failpoints belong to the whole server. */
export interface FaultServer {
  readonly uri: string
  /** Client of the program under test; only its commands fail. */
  readonly client: MongoClient
  readonly db: Db
  /** Makes the next commands of these names fail, until the test is over or so many have failed. */
  fail(commands: readonly string[], failure: Document, times?: number): Promise<void>
  /** The same once so many commands of these names have gone through, until the test is over or they are to go through again. */
  failAfter(passed: number, commands: readonly string[], failure: Document): Promise<void>
  /** Lets all commands go through again. */
  relent(): Promise<void>
  /** Tells whether the program under test has a transaction open that is held up: it takes milliseconds otherwise. */
  isInTransaction(): Promise<boolean>
}

const appName = 'under-test'

/** Starts the server; call it at the top of a file. It ends after the file's last test. */
export const startFaultServer = async (): Promise<FaultServer> => {
  const folder = await makeServerFolder('fault')
  const mongod = await openEmbeddedMongod({
    dataFolder: join(folder, 'data'),
    environment: testEnvironment(),
    testCommands: true,
    lingerMs: 0,
  })
  const uri = new URL(mongod.uri)
  uri.pathname = '/billing_sync_faults'
  uri.searchParams.set('appName', appName)
  const client = new MongoClient(uri.href, {
    ...{ writeConcern: { w: 'majority' }, ignoreUndefined: true },
    // After a failure that says so the driver waits for the server to tell that it is back, which it never was away.
    heartbeatFrequencyMS: 500,
  })
  const observer = new MongoClient(mongod.uri)
  afterAll(async () => {
    await Promise.all([client.close(), observer.close()])
    await mongod.release()
    await awaitNoSupervisor(mongod.dataFolder)
    await rm(folder, { recursive: true, force: true })
  })
  await client.connect()
  const configure = (mode: unknown, data?: Document) =>
    observer.db('admin').command({ configureFailPoint: 'failCommand', mode, ...(data && { data }) })
  const failFrom = async (
    mode: unknown,
    failCommands: readonly string[],
    failure: Document,
  ): Promise<void> => {
    onTestFinished(async () => {
      await configure('off')
      // A transaction whose commit failed for good would lock what it wrote for another ten seconds.
      await observer.db('admin').command({ killAllSessions: [] })
    })
    await configure(mode, { failCommands, appName, ...failure })
  }
  return {
    uri: uri.href,
    client,
    db: client.db(),
    fail: (commands, failure, times) =>
      failFrom(times === undefined ? 'alwaysOn' : { times }, commands, failure),
    failAfter: (skip, commands, failure) => failFrom({ skip }, commands, failure),
    relent: async () => {
      await configure('off')
    },
    isInTransaction: async () => {
      const held = {
        'clientMetadata.application.name': appName,
        'transaction.timeOpenMicros': { $gte: 200_000 },
      }
      const sessions = client
        .db('admin')
        .aggregate([{ $currentOp: { allUsers: true, idleSessions: true } }, { $match: held }])
      return (await sessions.toArray()).length > 0
    },
  }
}

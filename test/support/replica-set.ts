// A replica set of a test's own, of two servers with data and one that only votes: what the primary has and the other
// has not yet is rolled back once the other takes over.

import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Document, MongoClient } from 'mongodb'
import { afterAll } from 'vitest'
import { prepareDataFolder } from '../../src/store/embedded/data-folder.ts'
import { findMongodBinary } from '../../src/store/embedded/mongod-binary.ts'
import { choosePort, replicaSetName, startMongod } from '../../src/store/embedded/mongod-process.ts'
import type { OwnedProcess } from '../../src/store/embedded/owned-process.ts'
import { testEnvironment } from './embedded-environment.ts'
import { makeServerFolder } from './server-folder.ts'
import { until } from './until.ts'

export interface ReplicaSet {
  readonly uri: string
  /** Keeps the secondary from learning of what the primary writes. */
  stopReplication(): Promise<void>
  /**
   * Ends the primary as a crash does, and starts it again once the secondary has taken over: what that one has not learnt
   * of is rolled back.
   */
  crashPrimary(): Promise<void>
}

interface Member {
  readonly port: number
  readonly client: MongoClient
  start(): Promise<void>
  kill(): Promise<void>
}

/** Starts the set for the tests of one file; call it at the top of the file. */
export const startReplicaSet = async (): Promise<ReplicaSet> => {
  const [primary, secondary, arbiter] = [await startMember(), await startMember(), await startMember()]
  const members = [
    { _id: 0, host: hostOf(primary), priority: 2 },
    { _id: 1, host: hostOf(secondary), priority: 1 },
    { _id: 2, host: hostOf(arbiter), arbiterOnly: true, priority: 0 },
  ]
  const settings = { electionTimeoutMillis: 1_000 }
  await tell(primary, { replSetInitiate: { _id: replicaSetName, members, settings } })
  await until(async () => (await tell(primary, { hello: 1 })).isWritablePrimary === true, 'the primary')
  await until(async () => (await tell(secondary, { hello: 1 })).secondary === true, 'the secondary')
  return {
    uri: `mongodb://${hostOf(primary)},${hostOf(secondary)}/served?replicaSet=${replicaSetName}`,
    stopReplication: async () => {
      await tell(secondary, { configureFailPoint: 'stopReplProducer', mode: 'alwaysOn' })
    },
    crashPrimary: async () => {
      await primary.kill()
      await tell(secondary, { configureFailPoint: 'stopReplProducer', mode: 'off' })
      await until(async () => (await tell(secondary, { hello: 1 })).isWritablePrimary === true, 'an heir')
      await primary.start()
    },
  }
}

const startMember = async (): Promise<Member> => {
  const path = await makeServerFolder('member')
  const folder = await prepareDataFolder(join(path, 'data'))
  const environment = testEnvironment()
  const cacheFolders = [join(environment.cacheFolder, 'billing-sync')]
  const signal = new AbortController().signal
  const { path: binaryPath } = await findMongodBinary({
    ...{ environment, cacheFolders, signal },
    onProgress: () => undefined,
  })
  const port = await choosePort(folder)
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`)
  let mongod: OwnedProcess | null = null
  const start = async (): Promise<void> => {
    mongod = await startMongod({ binaryPath, folder, port, testCommands: true, extraParameters: {} })
    await until(() => isAnswering(client), 'a member that answers')
  }
  const kill = async (): Promise<void> => {
    if (mongod?.pid !== undefined) process.kill(mongod.pid, 'SIGKILL')
    await mongod?.ended
    mongod = null
  }
  await start()
  afterAll(async () => {
    await client.close()
    await kill()
    await rm(path, { recursive: true, force: true })
  })
  return { port, client, start, kill }
}

const isAnswering = (client: MongoClient): Promise<boolean> =>
  client
    .db('admin')
    .command({ hello: 1 })
    .then(
      () => true,
      () => false,
    )

const hostOf = ({ port }: Member): string => `127.0.0.1:${port}`

const tell = ({ client }: Member, command: Document): Promise<Document> => client.db('admin').command(command)

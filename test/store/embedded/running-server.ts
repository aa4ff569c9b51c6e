import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { expect, onTestFinished } from 'vitest'
import { listAnnouncements } from '../../../src/store/embedded/announcements.ts'
import { describeDataFolder } from '../../../src/store/embedded/data-folder.ts'
import {
  type EmbeddedMongod,
  type EmbeddedMongodOptions,
  openEmbeddedMongod,
} from '../../../src/store/embedded/embedded-mongod.ts'
import { findMongodBinary } from '../../../src/store/embedded/mongod-binary.ts'
import { connectSupervisor } from '../../../src/store/embedded/supervisor-connection.ts'
import type { SupervisorState } from '../../../src/store/embedded/supervisor-protocol.ts'
import { awaitNoSupervisor, testEnvironment } from '../../support/embedded-environment.ts'

/** Makes a folder that is removed after the test. */
export const temporaryFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'billing-sync-embedded-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Options for a server on a data folder of the test's own; the test waits for its end before the folder goes. */
export const temporaryServer = async (
  options: Partial<EmbeddedMongodOptions> = {},
): Promise<EmbeddedMongodOptions> => {
  const dataFolder = join(await temporaryFolder(), 'data')
  onTestFinished(() => awaitNoSupervisor(dataFolder))
  return { dataFolder, environment: testEnvironment(), lingerMs: 0, ...options }
}

/** Opens a server, which is released after the test if the test did not get to it. */
export const open = async (options: EmbeddedMongodOptions): Promise<EmbeddedMongod> => {
  const mongod = await openEmbeddedMongod(options)
  onTestFinished(() => mongod.release())
  return mongod
}

/** Runs a function with a client of a server. */
export const withClient = async <Result>(
  uri: string,
  use: (client: MongoClient) => Promise<Result>,
): Promise<Result> => {
  const client = new MongoClient(uri, { writeConcern: { w: 'majority' } })
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}

/** The process id of the mongod behind a connection string. */
export const mongodPid = (uri: string): Promise<number> =>
  withClient(uri, async (client) => (await client.db('admin').command({ serverStatus: 1 })).pid)

/** The process id of the one supervisor of a data folder. */
export const supervisorPid = async (dataFolder: string): Promise<number> => {
  const [announcement, ...others] = await listAnnouncements(describeDataFolder(dataFolder))
  expect(others).toEqual([])
  return announcement?.pid ?? Number.NaN
}

/** The state of the one supervisor of a data folder; undefined where there is none. */
export const supervisorState = async (dataFolder: string): Promise<SupervisorState | undefined> => {
  const folder = describeDataFolder(dataFolder)
  for (const announcement of await listAnnouncements(folder)) {
    const connection = await connectSupervisor(announcement, folder.path, 'look')
    if (typeof connection === 'string') continue
    connection.socket.destroy()
    return connection.hello.state
  }
  return undefined
}

/** Puts a script in front of the real mongod, which still answers `--version`. */
export const wrapMongod = async (script: string): Promise<string> => {
  const environment = testEnvironment()
  const { path } = await findMongodBinary({
    environment,
    cacheFolders: [join(environment.cacheFolder, 'billing-sync')],
    onProgress: () => {},
    signal: new AbortController().signal,
  })
  const wrapper = join(await temporaryFolder(), 'mongod')
  await writeFile(
    wrapper,
    `#!/bin/sh\n[ "$1" = --version ] && exec ${path} --version\n${script.replaceAll('MONGOD', path)}\n`,
  )
  await chmod(wrapper, 0o755)
  return wrapper
}

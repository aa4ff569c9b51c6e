// A MongoDB of a test's own that can be killed, frozen and started again on its port.

import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { afterAll } from 'vitest'
import { prepareDataFolder } from '../../src/store/embedded/data-folder.ts'
import { findMongodBinary } from '../../src/store/embedded/mongod-binary.ts'
import { choosePort, replicaSetName, startMongod } from '../../src/store/embedded/mongod-process.ts'
import type { OwnedProcess } from '../../src/store/embedded/owned-process.ts'
import { awaitPrimary } from '../../src/store/embedded/replica-set.ts'
import { testEnvironment } from './embedded-environment.ts'
import { makeServerFolder } from './server-folder.ts'

export interface MongodServer {
  readonly uri: string
  /**
   * Starts it where it does not run, again where it was killed; resolves once it takes writes.
   * @param mostFileBytes size that none of its files may pass: it dies over the first that would, as on a full disk
   */
  start(mostFileBytes?: number): Promise<void>
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>
  /** Ends it, and keeps a copy of its files as they are; `restore` ends it and puts them back. Neither starts it again. */
  backUp(): Promise<void>
  restore(): Promise<void>
  /** Stops it from running, and lets it run again. */
  freeze(): void
  thaw(): void
  /** Has it take no writes for so many seconds, as while a set elects another primary; resolves once it takes none. */
  stepDown(seconds: number): Promise<void>
  /** Resolves once it takes writes. */
  takesWrites(): Promise<void>
}

/** Prepares a server for the tests of one file, not yet started; call it at the top of the file. */
export const prepareMongodServer = async (): Promise<MongodServer> => {
  const path = await makeServerFolder('mongod')
  const folder = await prepareDataFolder(join(path, 'data'))
  const environment = testEnvironment()
  const cacheFolders = [join(environment.cacheFolder, 'billing-sync')]
  const signal = new AbortController().signal
  const binary = await findMongodBinary({ environment, cacheFolders, signal, onProgress: () => undefined })
  const port = await choosePort(folder)
  let mongod: OwnedProcess | null = null
  const send = (name: NodeJS.Signals): void => {
    try {
      if (mongod?.pid !== undefined) process.kill(mongod.pid, name)
    } catch (error) {
      // It died by itself, as over a full disk.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  }
  const kill = async (): Promise<void> => {
    send('SIGKILL')
    await mongod?.ended
    mongod = null
  }
  const takesWrites = (): Promise<void> =>
    awaitPrimary({ port, database: folder.database }, AbortSignal.timeout(60_000))
  afterAll(async () => {
    await kill()
    await rm(path, { recursive: true, force: true })
  })
  return {
    uri: `mongodb://127.0.0.1:${port}/served?replicaSet=${replicaSetName}`,
    start: async (mostFileBytes) => {
      if (mongod !== null) return
      const binaryPath =
        mostFileBytes === undefined
          ? binary.path
          : await writeLimited(join(path, 'limited-mongod'), { binaryPath: binary.path, mostFileBytes })
      const settings = { binaryPath, folder, port, testCommands: true, extraParameters: {} }
      const started = await startMongod(settings)
      mongod = started
      started.ended.then(() => {
        if (mongod === started) mongod = null
      })
      await takesWrites()
    },
    kill,
    backUp: async () => {
      await kill()
      await cp(folder.path, join(path, 'backup'), { recursive: true })
    },
    restore: async () => {
      await kill()
      await rm(folder.path, { recursive: true })
      await cp(join(path, 'backup'), folder.path, { recursive: true })
    },
    freeze: () => send('SIGSTOP'),
    thaw: () => send('SIGCONT'),
    stepDown: async (seconds) => {
      const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`)
      const command = { replSetStepDown: seconds, secondaryCatchUpPeriodSecs: 0, force: true }
      await client.db('admin').command(command)
      await client.close()
    },
    takesWrites,
  }
}

/** POSIX shells count a file's size in these. */
const blockBytes = 512

// Any user may limit the files of his own processes. The journal's would be 100 MB from the start, and data is written
// to its file once a minute.
const writeLimited = async (
  script: string,
  { binaryPath, mostFileBytes }: { readonly binaryPath: string; readonly mostFileBytes: number },
): Promise<string> => {
  const options = `--syncdelay 1 --wiredTigerEngineConfigString 'log=(file_max=2MB,prealloc=false)'`
  const lines = [
    '#!/bin/sh',
    `ulimit -f ${Math.floor(mostFileBytes / blockBytes)}`,
    `exec '${binaryPath}' "$@" ${options}`,
  ]
  await writeFile(script, `${lines.join('\n')}\n`, { mode: 0o755 })
  return script
}

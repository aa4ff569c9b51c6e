import { readdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { EmbeddedMongodEnvironment } from '../../src/store/embedded/mongod-binary.ts'

/** The surroundings that a user's command would find on this machine. */
export const testEnvironment = (): EmbeddedMongodEnvironment => ({
  path: process.env.PATH ?? '',
  cacheFolder: process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
})

/** A supervisor ends its mongod within a few seconds, a machine busy with other tests included. */
const END_TIMEOUT_MS = 60_000

/** Resolves once no supervisor of a data folder is left: its mongod has ended by then, too. */
export const awaitNoSupervisor = async (dataFolder: string): Promise<void> => {
  const giveUpAt = performance.now() + END_TIMEOUT_MS
  while ((await announced(dataFolder)).length > 0) {
    if (performance.now() > giveUpAt) throw new Error(`A supervisor of ${dataFolder} does not end`)
    await delay(20)
  }
}

const announced = async (dataFolder: string): Promise<readonly string[]> => {
  try {
    return await readdir(join(dataFolder, 'supervisors'))
  } catch {
    return [] // the folder was never made
  }
}

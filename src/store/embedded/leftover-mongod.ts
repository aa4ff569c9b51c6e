// Ends a mongod that a supervisor's sudden death left behind. Its watcher ends it too, but that may have been
// killed as well, and mongod needs a moment to close its files; a second one can't start meanwhile.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { DataFolder } from './data-folder.ts'
import { mongodFailure } from './mongod-failure.ts'
import { replicaSetName } from './mongod-process.ts'
import { commandLineOf, hasEnded, parentOf } from './process-table.ts'

/** mongod closes its files within a second or two; after this it hangs and is killed. */
const graceMs = 10_000
const checkMs = 25

/**
 * Ends the mongod of this data folder that runs without a supervisor, if there is one, and waits until it is
 * gone. Rejects with `mongod_failed` where its supervisor lives but could not be found (somebody removed its
 * announcement or its socket): commands are using that mongod.
 */
export const endLeftoverMongod = async (folder: DataFolder): Promise<void> => {
  const pid = Number.parseInt(
    await readFile(join(folder.database, 'mongod.lock'), 'utf8').catch(() => ''),
    10,
  )
  if (Number.isNaN(pid) || !(await isOurMongod(pid, folder))) return
  await refuseIfSupervised(pid, folder)
  signalProcess(pid, 'SIGTERM')
  const killAt = performance.now() + graceMs
  while (!(await hasEnded(pid))) {
    if (performance.now() > killAt) signalProcess(pid, 'SIGKILL')
    await wait(checkMs)
  }
}

// The id may long be another program's.
const isOurMongod = async (pid: number, folder: DataFolder): Promise<boolean> => {
  const command = await commandLineOf(pid)
  return command.includes(`--dbpath ${folder.database} `) && command.includes(`--replSet ${replicaSetName} `)
}

const refuseIfSupervised = async (mongod: number, folder: DataFolder): Promise<void> => {
  const supervisor = await parentOf(await parentOf(mongod)) // a shell stands between them
  if (supervisor === process.pid) return
  if (!(await commandLineOf(supervisor)).includes(JSON.stringify(folder.path))) return
  const reason = `process ${supervisor} runs it, but can't be reached from here; end the commands that use it first`
  throw mongodFailure(folder.path, reason, { log: folder.supervisorLog })
}

const signalProcess = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal)
  } catch {
    // It ended since we looked, which is what was wanted.
  }
}

import { readdir } from 'node:fs/promises'
import { commandLineOf, hasEnded, parentOf } from '../../../src/store/embedded/process-table.ts'

/** The ids of the mongods that run on a data folder. */
export const mongodsOf = async (dataFolder: string): Promise<readonly number[]> => {
  return processesThat(async (pid) => {
    const command = await commandLineOf(pid)
    return /^\S*mongod\S* --dbpath /.test(command) && command.includes(dataFolder)
  })
}

/** The ids of the shells that watch over a mongod: its parent, and the one waiting beside it. */
export const watchersOf = async (mongod: number): Promise<readonly number[]> => {
  const parent = await parentOf(mongod)
  const siblings = await processesThat(async (pid) => pid !== mongod && (await parentOf(pid)) === parent)
  return [parent, ...siblings]
}

/** Whether a process runs; one that has ended and only waits to be reaped does not. */
export const isRunning = async (pid: number): Promise<boolean> => !(await hasEnded(pid))

const processesThat = async (fits: (pid: number) => Promise<boolean>): Promise<readonly number[]> => {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const fitting = await Promise.all(pids.map(async (pid) => ((await fits(pid)) ? [pid] : [])))
  return fitting.flat()
}

// Processor time of the bench's mongod: on a machine that is busy otherwise it says more than the clock.

import { readFileSync } from 'node:fs'
import type { MongoClient } from 'mongodb'
import { cpuMsIn } from '../support/process-usage.ts'

/** Starts counting; `since` returns the milliseconds so far, or null where the system doesn't tell. */
export const serverCpu = async (client: MongoClient): Promise<{ readonly since: () => number | null }> => {
  const { pid } = await client.db('admin').command({ serverStatus: 1 })
  const before = read(Number(pid))
  return {
    since: () => {
      const now = read(Number(pid))
      return before === null || now === null ? null : now - before
    },
  }
}

const read = (pid: number): number | null => {
  try {
    return cpuMsIn(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    // Not a Linux.
    return null
  }
}

// What a process takes, as Linux tells it.

import { readFile } from 'node:fs/promises'

export interface ProcessUsage {
  /** Most memory that the process ever held; null where the system doesn't tell. */
  readonly peakBytes: number | null
  readonly cpuMs: number | null
}

/** How often the process is asked for its peak, which the system keeps for it. */
const watchIntervalMs = 100

/** Watches a process until it is stopped, after the process has ended. */
export const watchProcess = (pid: number): { readonly stop: () => ProcessUsage } => {
  let peakBytes: number | null = null
  let cpuMs: number | null = null
  const look = async (): Promise<void> => {
    const [status, stat] = await Promise.all([readProc(pid, 'status'), readProc(pid, 'stat')])
    const peak = /VmHWM:\s+(\d+) kB/.exec(status)?.[1]
    if (peak !== undefined) peakBytes = Number(peak) * 1024
    if (stat !== '') cpuMs = cpuMsIn(stat)
  }
  const timer = setInterval(look, watchIntervalMs)
  return {
    stop: () => {
      clearInterval(timer)
      return { peakBytes, cpuMs }
    },
  }
}

const readProc = (pid: number, name: string): Promise<string> =>
  readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')

/** Returns a process's milliseconds in user and kernel mode: fields 14 and 15 count ticks of 10 ms (proc(5)). */
export const cpuMsIn = (stat: string): number => {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

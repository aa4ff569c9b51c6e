// What the system knows of other processes: on Linux from /proc (ps is missing in slim images), elsewhere
// from ps.

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const ps = promisify(execFile)

/** Reads a process's command line, its parts separated by spaces; '' where it is gone or about to go. */
export const commandLineOf = async (pid: number): Promise<string> => {
  try {
    if (process.platform === 'linux')
      return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ')
    return (await ps('ps', ['-ww', '-o', 'args=', '-p', String(pid)])).stdout
  } catch {
    return ''
  }
}

/**
 * Tells whether a process is gone, or only waits to be reaped (an orphan in a container without an init waits for
 * ever). One that is still closing its files and sockets is not gone, though its command line is.
 */
export const hasEnded = async (pid: number): Promise<boolean> => {
  try {
    if (process.platform !== 'linux')
      return (await ps('ps', ['-o', 'stat=', '-p', String(pid)])).stdout.startsWith('Z')
    return ['Z', 'X'].includes((await statusFields(pid))[1] ?? '')
  } catch {
    return true
  }
}

/** Reads the id of a process's parent; NaN where the process is gone. */
export const parentOf = async (pid: number): Promise<number> => {
  try {
    if (process.platform !== 'linux')
      return Number((await ps('ps', ['-o', 'ppid=', '-p', String(pid)])).stdout)
    return Number((await statusFields(pid))[2])
  } catch {
    return Number.NaN
  }
}

// From the end of the name on, which is in brackets and may itself hold spaces and brackets.
const statusFields = async (pid: number): Promise<readonly string[]> => {
  const status = await readFile(`/proc/${pid}/stat`, 'utf8')
  return status.slice(status.lastIndexOf(')')).split(' ')
}

// This process, as others see it that share the database.

import { randomUUID } from 'node:crypto'
import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'

export interface ThisProcess {
  /** Of this process alone, whatever other one gets its process id. */
  readonly token: string
  /** Where its process id counts: two containers of one host name are two hosts. */
  readonly host: string
  readonly pid: number
}

/** Returns who this process is. Never throws. */
export const identifyThisProcess = async (): Promise<ThisProcess> => {
  const parts = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(unknown),
    readlink('/proc/self/ns/pid').catch(unknown),
  ])
  const host = [hostname(), ...parts.map((part) => part.trim())].join(' ')
  return { token: randomUUID(), host, pid: process.pid }
}

// Only Linux tells; elsewhere the host name has to do.
const unknown = (): string => ''

// This process, as others see it that share the database.

import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

export interface ThisProcess {
  /** Of this process alone, whatever other one gets its process id. */
  readonly token: string
  /** Where its process id counts, the host name first: two containers of one host name are two hosts. */
  readonly host: string
  readonly pid: number
}

/** Returns who this process is. Never throws. */
export const identifyThisProcess = (): ThisProcess => {
  // Neither is on a disk: they are there as soon as they are asked for.
  const parts = [
    () => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    () => readlinkSync('/proc/self/ns/pid'),
  ]
  const host = [hostname(), ...parts.map(orUnknown)].join(' ')
  return { token: randomUUID(), host, pid: process.pid }
}

// Only Linux tells; elsewhere the host name has to do.
const orUnknown = (read: () => string): string => {
  try {
    return read()
  } catch {
    return ''
  }
}

/** Returns the part of `host` that a person knows the machine or the container by. */
export const hostNameIn = (host: string): string => host.split(' ', 1).join('')

// Starts a supervisor that lives on when the command that needed it first is gone.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { nameSocket } from './announcements.ts'
import type { DataFolder } from './data-folder.ts'
import { entryScript } from './entry-script.ts'
import { mongodFailure } from './mongod-failure.ts'
import type { SupervisorOrders, SupervisorSettings } from './supervisor-settings.ts'

/** What a supervisor gets: its settings in its command line, which all can read, the variables beside them. */
export interface SupervisorRequest {
  readonly folder: DataFolder
  readonly settings: SupervisorSettings
  /** Undefined: those of this process. */
  readonly variables: Readonly<Record<string, string | undefined>> | undefined
}

/**
 * Starts a supervisor in a session of its own, out of reach of the terminal's Ctrl-C. The answer tells its exit
 * code, null while it runs; whether it came to own the folder shows in the announcements. Throws `mongod_failed`.
 */
export const startSupervisor = async ({
  folder,
  settings,
  variables,
}: SupervisorRequest): Promise<() => number | null> => {
  const orders: SupervisorOrders = { settings, socket: await nameSocket(folder) }
  const log = await open(folder.supervisorLog, 'a', 0o600).catch((cause: Error) => {
    throw mongodFailure(folder.path, `the folder can't be written (${cause.message})`, { cause })
  })
  try {
    const child = spawn(process.execPath, [entryScript('supervisor'), JSON.stringify(orders)], {
      cwd: '/',
      detached: true,
      env: variables,
      stdio: ['ignore', log.fd, log.fd],
    })
    await once(child, 'spawn')
    child.unref()
    return () => (child.signalCode === null ? child.exitCode : 1)
  } finally {
    await log.close()
  }
}

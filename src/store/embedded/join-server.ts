// A command's way to the embedded server: joins the supervisor that is there, or starts one. Whichever of
// several commands comes first, all end at the same server; the rest waits for what the first one fetches.

import { setTimeout as wait } from 'node:timers/promises'
import { BillingSyncError } from '../../errors.ts'
import { type Announcement, clearAway, forget, listAnnouncements } from './announcements.ts'
import type { DataFolder } from './data-folder.ts'
import { reasonOfExit } from './exit-reason.ts'
import { mongodFailure } from './mongod-failure.ts'
import { type SupervisorRequest, startSupervisor } from './start-supervisor.ts'
import { connectSupervisor, type SupervisorConnection } from './supervisor-connection.ts'
import { protocolVersion, type RunningServer } from './supervisor-protocol.ts'

const checkMs = 20

/** Node and this program load within a second, on a busy machine within a few. */
const announcementTimeoutMs = 30_000

export interface JoinRequest extends SupervisorRequest {
  readonly onProgress: (text: string) => void
  readonly signal: AbortSignal
}

/** A claim on the running server: it lasts as long as the connection is open. */
export interface Membership {
  readonly server: RunningServer
  readonly connection: SupervisorConnection
}

/** Joins the server of a data folder, starting it where nobody has; rejects with a coded error where it can't run. */
export const joinServer = async (request: JoinRequest): Promise<Membership> => {
  for (;;) {
    const found = await findSupervisor(request.folder)
    const connection = found ?? (await bringUpSupervisor(request))
    const isStale = found?.hello.state === 'failed'
    const server = connection && !isStale ? await awaitServer(connection, request) : undefined
    if (connection && server) return { server, connection }
    // It gave way to another one, was just stopping, or had failed somebody else before: look again.
    connection?.socket.destroy()
    await wait(checkMs, undefined, { signal: request.signal })
  }
}

const findSupervisor = async (folder: DataFolder): Promise<SupervisorConnection | undefined> => {
  for (const announcement of await listAnnouncements(folder)) {
    const connection = await connectSupervisor(announcement, folder.path, 'use')
    if (connection === 'dead') await clearAway(folder, announcement)
    else if (connection === 'foreign') await forget(folder, announcement)
    else if (connection === 'silent') throw refusal(folder, `process ${announcement.pid} doesn't answer`)
    else if (connection !== 'leaving') return sameVersion(folder, announcement, connection)
  }
  return undefined
}

const sameVersion = (folder: DataFolder, { pid }: Announcement, connection: SupervisorConnection) => {
  if (connection.hello.protocol === protocolVersion) return connection
  connection.socket.destroy()
  throw refusal(folder, `another version of billing-sync runs it (process ${pid}); end its commands first`)
}

const bringUpSupervisor = async (request: JoinRequest): Promise<SupervisorConnection | undefined> => {
  const { folder, signal } = request
  const giveUpAt = performance.now() + announcementTimeoutMs
  const exitCode = await startSupervisor(request)
  while (performance.now() < giveUpAt) {
    await wait(checkMs, undefined, { signal })
    const connection = await findSupervisor(folder)
    if (connection !== undefined) return connection
    const code = exitCode()
    if (code === 0) return undefined // it gave way to another one, which is gone by now
    if (code !== null) throw refusalOfExit(folder, code)
  }
  throw refusal(folder, 'its supervisor did not come up in time')
}

const refusalOfExit = (folder: DataFolder, code: number): BillingSyncError => {
  const reason = reasonOfExit(code)
  return reason === null
    ? refusal(folder, `its supervisor ended with code ${code}`)
    : mongodFailure(folder.path, `the folder can't be written (${reason})`)
}

const awaitServer = async (
  connection: SupervisorConnection,
  { onProgress, signal }: JoinRequest,
): Promise<RunningServer | undefined> => {
  const hangUp = () => void connection.socket.destroy()
  signal.addEventListener('abort', hangUp)
  // A signal that came while the supervisor was looked for tells nobody any more.
  if (signal.aborted) hangUp()
  try {
    for (;;) {
      const { value: message, done } = await connection.messages.next()
      if (done) return undefined
      if (message.type === 'ready') return message.server
      if (message.type === 'progress') onProgress(message.text)
      if (message.type === 'failed') {
        hangUp()
        throw new BillingSyncError(message.code, message.details)
      }
    }
  } finally {
    signal.removeEventListener('abort', hangUp)
  }
}

const refusal = (folder: DataFolder, reason: string): BillingSyncError =>
  mongodFailure(folder.path, reason, { log: folder.supervisorLog })

// Decides which of several supervisors owns a data folder; announcements.ts says why at most one can.

import { setTimeout as wait } from 'node:timers/promises'
import { type Announcement, clearAway, forget, listAnnouncements } from './announcements.ts'
import type { DataFolder } from './data-folder.ts'
import { connectSupervisor } from './supervisor-connection.ts'
import type { SupervisorState } from './supervisor-protocol.ts'

const checkMs = 20

interface Rival {
  readonly id: string
  readonly state: SupervisorState
}

/** Answers whether the supervisor announced as `own` owns the folder; waits for one that is just stopping. */
export const winElection = async (folder: DataFolder, own: Announcement): Promise<boolean> => {
  for (;;) {
    const rivals = await lookAround(folder, own)
    if (rivals.length === 0) return true
    if (rivals.some((rival) => takesPrecedence(rival, own))) return false
    await wait(checkMs)
  }
}

// Of candidates only the first by id stays, so that they don't all give way to each other.
const takesPrecedence = ({ id, state }: Rival, own: Announcement): boolean =>
  state === 'candidate' ? id < own.id : state !== 'stopping'

const lookAround = async (folder: DataFolder, own: Announcement): Promise<readonly Rival[]> => {
  const others = (await listAnnouncements(folder)).filter(({ id }) => id !== own.id)
  const rivals = await Promise.all(others.map((other) => lookAt(folder, other)))
  return rivals.filter((rival) => rival !== undefined)
}

const lookAt = async (folder: DataFolder, other: Announcement): Promise<Rival | undefined> => {
  const connection = await connectSupervisor(other, folder.path, 'look')
  if (connection === 'dead') await clearAway(folder, other)
  else if (connection === 'foreign') await forget(folder, other)
  // It hangs, but it lives and may go on at any moment: the folder is its own.
  else if (connection === 'silent') return { id: other.id, state: 'serving' }
  else if (connection === 'leaving') return { id: other.id, state: 'stopping' }
  else {
    connection.socket.destroy()
    return { id: other.id, state: connection.hello.state }
  }
  return undefined
}

// Who supervises a data folder. Guarantees that at most one supervisor owns it, whatever dies when.
//
// A supervisor listens on a socket of its own, then announces it by a file in the data folder, then looks at
// who else is announced, and owns the folder only when nobody answers but itself. Of two that come together,
// the one that announced later must see the other, so two owners are impossible; and since a name is never
// used twice and is announced only while it is listened on, a socket that refuses is dead for ever and
// anybody may remove it. (One fixed socket path can't do this: between finding it dead and unlinking it,
// another starter may have bound it anew.)

import { createHash, randomBytes } from 'node:crypto'
import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import type { DataFolder } from './data-folder.ts'
import { mongodFailure } from './mongod-failure.ts'

/** A supervisor that offers itself, dead or alive. */
export interface Announcement {
  readonly id: string
  readonly pid: number
  /** From another machine or container that shares the folder, a socket looks dead when it is not. */
  readonly host: string
  readonly socketPath: string
}

/** What a supervisor is told to listen on. */
export type SocketName = Pick<Announcement, 'id' | 'socketPath'>

/** The kernels' shortest limit for a socket's path, in bytes (macOS); Node cuts longer ones without a word. */
const longestSocketPathBytes = 103

/**
 * Chooses a new socket for a supervisor, in a folder of the temp directory that only this user can enter: the
 * data folder's own path may exceed the 107 bytes at which a socket's path is cut.
 */
export const nameSocket = async (folder: DataFolder): Promise<SocketName> => {
  const id = randomBytes(4).toString('hex')
  const hash = createHash('sha256').update(folder.path).digest('hex').slice(0, 12)
  const name = join(`billing-sync-${userInfo().uid}`, `${hash}-${id}`)
  const inTemp = join(tmpdir(), name)
  const socketPath = Buffer.byteLength(inTemp) <= longestSocketPathBytes ? inTemp : join('/tmp', name)
  await makePrivate(dirname(socketPath), folder)
  return { id, socketPath }
}

/** Announces this process, which is listening already; atomic. */
export const announce = async (folder: DataFolder, socket: SocketName): Promise<Announcement> => {
  const { id, socketPath } = socket
  const announcement = { id, socketPath, pid: process.pid, host: hostname() }
  const file = announcementFile(folder, id)
  try {
    await writeFile(`${file}.new`, JSON.stringify(announcement), { mode: 0o600 })
    await rename(`${file}.new`, file)
  } catch (error) {
    await rm(`${file}.new`, { force: true }).catch(() => undefined) // what kept it from being written is told
    throw error
  }
  return announcement
}

/** Lists who is announced, in the order of their ids. */
export const listAnnouncements = async (folder: DataFolder): Promise<readonly Announcement[]> => {
  const names = (await readdir(folder.announcements)).filter((name) => name.endsWith('.json')).sort()
  const read = await Promise.all(names.map((name) => readAnnouncement(join(folder.announcements, name))))
  return read.filter((announcement) => announcement !== undefined)
}

/** Removes a supervisor's announcement and socket. */
export const withdraw = async (folder: DataFolder, announcement: Announcement): Promise<void> => {
  await forget(folder, announcement)
  await rm(announcement.socketPath, { force: true })
}

/** Removes what a supervisor left whose socket refuses, where this machine can tell. */
export const clearAway = async (folder: DataFolder, announcement: Announcement): Promise<void> => {
  if (announcement.host === hostname()) await withdraw(folder, announcement)
}

/** Removes an announcement only: its socket is another data folder's. */
export const forget = (folder: DataFolder, { id }: Announcement): Promise<void> =>
  rm(announcementFile(folder, id), { force: true })

const announcementFile = (folder: DataFolder, id: string): string => join(folder.announcements, `${id}.json`)

const readAnnouncement = async (file: string): Promise<Announcement | undefined> => {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Announcement // written by `announce` only
  } catch {
    return undefined // withdrawn since it was listed
  }
}

const makePrivate = async (path: string, folder: DataFolder): Promise<void> => {
  const refuse = (reason: string, cause?: unknown): never => {
    throw mongodFailure(folder.path, reason, { cause })
  }
  await mkdir(path, { recursive: true, mode: 0o700 }).catch((cause: Error) =>
    refuse(`the temp directory can't be written (${cause.message})`, cause),
  )
  const status = await lstat(path)
  // In a shared temp directory somebody else may have made it first, to listen to what passes through it.
  if (status.isDirectory() && status.uid === userInfo().uid && (status.mode & 0o077) === 0) return
  refuse(`${path} must be a folder of your own that nobody else can enter`)
}

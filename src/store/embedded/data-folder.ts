// The layout of the folder that holds an embedded server's data. Everything the server needs lies in it, so
// that deleting the folder deletes the database, and nothing else does.

import { mkdir, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemErrorCode } from '../../core/system-error-code.ts'
import { BillingSyncError } from '../../errors.ts'
import { mongodFailure } from './mongod-failure.ts'

/** The paths in a data folder. */
export interface DataFolder {
  /** The folder itself, without symbolic links: one folder has one path, and one server. */
  readonly path: string
  /** mongod's own files. */
  readonly database: string
  readonly mongodLog: string
  readonly supervisorLog: string
  /** One file per supervisor that offers itself; see announcements.ts. */
  readonly announcements: string
  /** The port of the last start, which the next one takes again where it is free. */
  readonly port: string
  /** Fetched programs, where the user's cache folder can't be written. */
  readonly programs: string
}

/** Names the paths of a data folder, whose real path is given. */
export const describeDataFolder = (path: string): DataFolder => ({
  path,
  database: join(path, 'mongodb'),
  mongodLog: join(path, 'mongod.log'),
  supervisorLog: join(path, 'supervisor.log'),
  announcements: join(path, 'supervisors'),
  port: join(path, 'port'),
  programs: join(path, 'programs'),
})

/**
 * Makes a data folder where there is none, for its owner only. Throws `config_invalid` where the working directory is none to
 * keep it in, `mongod_failed` where it can't be written for another reason.
 */
export const prepareDataFolder = async (path: string): Promise<DataFolder> => {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 })
    const folder = describeDataFolder(await realpath(path))
    await mkdir(folder.database, { recursive: true, mode: 0o700 })
    await mkdir(folder.announcements, { recursive: true, mode: 0o700 })
    // Keeps customers' data out of a commit of the working directory.
    await writeFile(join(folder.path, '.gitignore'), '*\n')
    return folder
  } catch (cause) {
    throw refusalOf(path, cause as Error) // fs throws Errors only
  }
}

/** What stays so until somebody changes a right, a name or where the command is started; a full disk passes. */
const lasting: ReadonlySet<string | null> = new Set([
  ...['EACCES', 'EPERM', 'EROFS', 'EEXIST', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'],
])

/** What lies where a folder has to. */
const inTheWay: ReadonlySet<string | null> = new Set(['EEXIST', 'ENOTDIR'])

const refusalOf = (path: string, cause: Error): BillingSyncError => {
  if (!lasting.has(systemErrorCode(cause)))
    return mongodFailure(path, `the folder can't be written (${cause.message})`, { cause })
  const remedy = inTheWay.has(systemErrorCode(cause))
    ? 'remove the file in its way'
    : 'start the command in a folder that can be written'
  const problem = `the embedded MongoDB can't keep its data in ${path} (${cause.message}); ${remedy}, or set MONGODB_URI to use another server`
  return new BillingSyncError('config_invalid', { source: 'working directory', problem }, { cause })
}

// The only reader of the process's environment, of its working directory with the `.env` file, and of the user's folders.

import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { systemErrorCode } from '../core/system-error-code.ts'
import { BillingSyncError } from '../errors.ts'

/** Variables by name; what the process has wins over the `.env` file. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Returns the working directory. Throws `config_invalid` where it is there no more, or must not be seen. */
export const workingFolder = (): string => {
  try {
    return process.cwd()
  } catch (error) {
    const code = systemErrorCode(error) ?? 'unreadable'
    const problem = `cannot be found (${code}), as after it was removed or replaced; change to a folder that exists (or to the same one again)`
    throw new BillingSyncError('config_invalid', { source: 'working directory', problem }, { cause: error })
  }
}

/** Returns the environment of a command that runs in a folder. Throws `config_invalid` for an unreadable `.env`. */
export const readEnvironment = async (folder: string): Promise<Environment> => ({
  ...(await readDotEnv(join(folder, '.env'))),
  // A variable that is set to nothing is not set, and hides nothing.
  ...Object.fromEntries(Object.entries(process.env).filter(([, value]) => value !== '')),
})

/** Returns the variables of the process but for some: what a process that it starts may know. */
export const inheritableVariables = (hidden: ReadonlySet<string>): Environment =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !hidden.has(name)))

/**
 * Returns false where the environment rules out a screen that is drawn anew in place: in a CI, as ink has it, which draws
 * none there, and on a terminal that knows no control characters. The process's own variables count alone: ink asks no
 * `.env` file.
 */
export const allowsLiveScreens = (environment: Environment = process.env): boolean =>
  environment.TERM !== 'dumb' &&
  !isSwitchedOn(environment.CI) &&
  !isSwitchedOn(environment.CONTINUOUS_INTEGRATION)

// Set to nothing is set, too: https://github.com/sindresorhus/is-in-ci
const isSwitchedOn = (value: string | undefined): boolean =>
  value !== undefined && value !== '0' && value !== 'false'

/** Returns the folder in which fetched programs are kept, as the XDG base directory specification says. */
export const cacheFolderOf = (environment: Environment): string =>
  environment.XDG_CACHE_HOME || join(environment.HOME || homedir(), '.cache')

const readDotEnv = async (path: string): Promise<Environment> => {
  try {
    // Some editors put a byte order mark before it, which would become part of the first name.
    return parseEnv((await readFile(path, 'utf8')).replace(/^\uFEFF/, ''))
  } catch (error) {
    const code = systemErrorCode(error) ?? 'unreadable'
    if (code === 'ENOENT') return {}
    throw new BillingSyncError(
      'config_invalid',
      { source: '.env', problem: `cannot be read (${code})` },
      { cause: error },
    )
  }
}

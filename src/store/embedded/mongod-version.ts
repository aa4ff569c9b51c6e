// Asks a program whether it is a mongod that runs here. One made for another system or processor, one whose
// libraries are missing and one that is too old are all told apart from "not there".

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** MongoDB versions below this are not tried: the oldest that billing-sync is tested with. */
const oldestMajorVersion = 6

/** A cold page cache reads 140 MB from a slow disk in this time. */
const probeTimeoutMs = 20_000

export type MongodProbe =
  | { readonly version: string }
  | { readonly problem: string; readonly missing: boolean }

const execute = promisify(execFile)

/** Runs `<path> --version` and reads the version; never throws. */
export const probeMongod = async (path: string): Promise<MongodProbe> => {
  try {
    const { stdout } = await execute(path, ['--version'], { timeout: probeTimeoutMs })
    return readVersion(stdout)
  } catch (error) {
    return explainFailure(error)
  }
}

const readVersion = (output: string): MongodProbe => {
  const version = /db version v((\d+)\.\d+\.\d+\S*)/.exec(output)
  if (version?.[1] === undefined) return { problem: 'is not a MongoDB server', missing: false }
  if (Number(version[2]) >= oldestMajorVersion) return { version: version[1] }
  return { problem: `is MongoDB ${version[1]}, older than ${oldestMajorVersion}.0`, missing: false }
}

const explainFailure = (error: unknown): MongodProbe => {
  const { code, signal, stderr } = error as { code?: unknown; signal?: unknown; stderr?: unknown } // execFile's error
  if (code === 'ENOENT' || code === 'ENOTDIR') return { problem: 'is not there', missing: true }
  if (code === 'EACCES') return { problem: 'may not be executed', missing: false }
  const said = typeof stderr === 'string' ? (stderr.trim().split('\n')[0] ?? '') : ''
  return { problem: `does not run here (${said || String(signal ?? code)})`, missing: false }
}

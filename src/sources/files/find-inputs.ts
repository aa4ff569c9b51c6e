// The inputs that the command line names: files, `-` for stdin, and directories for the files below them.

import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { stdinName } from './read-entries.ts'

const eventFile = /\.(json|jsonl|ndjson)(\.gz)?$/

/** Returns the inputs in the order given, a directory's files in name order; what can't be looked at stays itself. */
export const findInputs = async (names: readonly string[]): Promise<readonly string[]> => {
  const found: string[] = []
  for (const name of names) found.push(...(await filesOf(name)))
  return found
}

/** Returns the bytes that the inputs have on disk; what can't be looked at counts as none. */
export const sizeOfInputs = async (inputs: readonly string[]): Promise<number> => {
  let bytes = 0
  for (const input of inputs) bytes += (await stat(input).catch(() => null))?.size ?? 0
  return bytes
}

const filesOf = async (name: string): Promise<readonly string[]> => {
  if (name === stdinName || !(await isDirectory(name))) return [name]
  const entries = await readdir(name, { recursive: true, withFileTypes: true }).catch(() => null)
  // What can't be listed is told when it is read, as that input's failure.
  if (entries === null) return [name]
  return entries
    .filter((entry) => entry.isFile() && eventFile.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

// So is a name that can't be looked at.
const isDirectory = async (name: string): Promise<boolean> => {
  const stats = await stat(name).catch(() => null)
  return stats?.isDirectory() ?? false
}

// The inputs that the command line names: files, `-` for stdin, and directories for the files below them.

import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { stdinName } from './open-input.ts'

const eventFile = /\.(json|jsonl|ndjson)(\.gz)?$/

/** Returns the inputs in the order given, a directory's files in name order; what can't be looked at stays itself. */
export const findInputs = async (names: readonly string[]): Promise<readonly string[]> => {
  const found: string[] = []
  for (const name of names) found.push(...(await filesOf(name)))
  return found
}

/** Tells whether one of the inputs is a directory. */
export const namesDirectory = async (names: readonly string[]): Promise<boolean> =>
  (await Promise.all(names.map((name) => name !== stdinName && isDirectory(name)))).includes(true)

/** Returns the bytes that the inputs have on disk; what can't be looked at counts as none. */
export const sizeOfInputs = async (inputs: readonly string[]): Promise<number> => {
  let bytes = 0
  for (const input of inputs) bytes += (await stat(input).catch(() => null))?.size ?? 0
  return bytes
}

const filesOf = async (name: string): Promise<readonly string[]> =>
  name !== stdinName && (await isDirectory(name)) ? [...(await filesBelow(name))].sort() : [name]

// So is a name that can't be looked at.
const isDirectory = async (name: string): Promise<boolean> => {
  const stats = await stat(name).catch(() => null)
  return stats?.isDirectory() ?? false
}

const filesBelow = async (folder: string): Promise<readonly string[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => null)
  // What can't be listed is told when it is read, as that input's failure.
  if (entries === null) return [folder]
  const found: string[] = []
  // Hidden ones are not meant, such as the data folder of the embedded MongoDB.
  for (const entry of entries.filter(({ name }) => !name.startsWith('.'))) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) found.push(...(await filesBelow(path)))
    else if (eventFile.test(entry.name) && (await isFile(entry, path))) found.push(path)
  }
  return found
}

// Links to files are files, one that leads nowhere too, so that it is told; linked folders could lead in a circle.
const isFile = async (entry: Dirent, path: string): Promise<boolean> =>
  entry.isFile() || (entry.isSymbolicLink() && !(await isDirectory(path)))

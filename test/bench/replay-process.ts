// Runs the built `replay` as a user would, and what only writes the same documents: each in a process of its own, since one
// that has run before is faster by a third (measured).

import { fileURLToPath } from 'node:url'
import type { RawRun } from './raw-writes.ts'
import { program, type RunOptions, runWatched, type WatchedRun } from './watched-process.ts'

export interface ReplayRun extends Omit<WatchedRun, 'output'> {
  /** What `--json` printed. */
  readonly summary: Readonly<Record<string, unknown>>
  /** Of the replay itself, as the program reports it. */
  readonly handlingMs: number
}

interface ReplayTarget extends Pick<RunOptions, 'exitCode'> {
  readonly uri: string
  readonly config: string
}

/** Replays a file into a database; rejects where the program ends with another exit code than 0, or than the one given. */
export const runReplay = async (
  file: string,
  { uri, config, ...options }: ReplayTarget,
): Promise<ReplayRun> => {
  const args = [program, 'replay', file, '--json', '--mongodb-uri', uri, '--config', config]
  const { output, ...usage } = await runWatched(args, options)
  const summary: Record<string, unknown> = JSON.parse(output)
  return { summary, handlingMs: Number(summary.duration_ms), ...usage }
}

const rawReplay = fileURLToPath(new URL('raw-replay.mjs', import.meta.url))

/** What the raw replay is told. */
export interface RawReplay {
  /** Where a replay has left the documents that are written, and where they are written to. */
  readonly mirrorUri: string
  readonly uri: string
  readonly writer: 'transactions' | 'upserts'
}

/** Writes with the driver what a replay has left, into a fresh database. */
export const runRawReplay = async (target: RawReplay): Promise<RawRun> => {
  const { output } = await runWatched(['--import', 'tsx', rawReplay, JSON.stringify(target)])
  return JSON.parse(output)
}

// Runs the built `replay` as a user would.

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

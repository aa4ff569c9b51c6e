// Runs the built `replay` as a user would.

import { program, runWatched, type WatchedRun } from './watched-process.ts'

export interface ReplayRun extends Omit<WatchedRun, 'output'> {
  /** What `--json` printed. */
  readonly summary: Readonly<Record<string, unknown>>
  /** Of the replay itself, as the program reports it. */
  readonly handlingMs: number
}

/** Replays a file into a database; rejects where the program reports a failure. */
export const runReplay = async (
  file: string,
  { uri, config, nodeOptions = [] }: { uri: string; config: string; nodeOptions?: readonly string[] },
): Promise<ReplayRun> => {
  const args = [...nodeOptions, program, 'replay', file, '--json', '--mongodb-uri', uri, '--config', config]
  const { output, ...usage } = await runWatched(args)
  const summary: Record<string, unknown> = JSON.parse(output)
  return { summary, handlingMs: Number(summary.duration_ms), ...usage }
}

// Runs a Node program to its end and watches what it takes.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { type ProcessUsage, watchProcess } from '../support/process-usage.ts'

/** The program as installed; `npm run bench` builds it first. */
export const program = fileURLToPath(new URL('../../bin/billing-sync.js', import.meta.url))

export interface WatchedRun extends ProcessUsage {
  /** What it printed on stdout. */
  readonly output: string
  /** From the start of the process to its end. */
  readonly wallMs: number
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** With which it has to end; 0 unless told otherwise. */
  readonly exitCode?: number
}

/** Runs Node with these arguments; rejects where it ends with another exit code. */
export const runWatched = async (
  args: readonly string[],
  { cwd, env = process.env, exitCode = 0 }: RunOptions = {},
): Promise<WatchedRun> => {
  const started = performance.now()
  const child = spawn(process.execPath, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const usage = watchProcess(child.pid ?? 0)
  const [output, log, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  const wallMs = performance.now() - started
  if (code !== exitCode)
    throw new Error(
      `${args.join(' ')} ended with code ${String(code)}: ${log.slice(-2_000)}${output.slice(0, 2_000)}`,
    )
  return { output, wallMs, ...usage.stop() }
}

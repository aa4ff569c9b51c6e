// Runs a Node program to its end and watches what it takes.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** The program as installed; `npm run bench` builds it first. */
export const program = fileURLToPath(new URL('../../bin/billing-sync.js', import.meta.url))

export interface WatchedRun {
  /** What it printed on stdout. */
  readonly output: string
  /** From the start of the process to its end. */
  readonly wallMs: number
  /** Most memory that the process ever held; null where the system doesn't tell. */
  readonly peakBytes: number | null
  readonly cpuMs: number | null
}

/** How often the process is asked for its peak, which the system keeps for it. */
const watchIntervalMs = 100

/** Runs Node with these arguments; rejects where it ends otherwise than with 0. */
export const runWatched = async (
  args: readonly string[],
  { cwd, env = process.env }: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
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
  if (code !== 0)
    throw new Error(
      `${args.join(' ')} ended with code ${String(code)}: ${log.slice(-2_000)}${output.slice(0, 2_000)}`,
    )
  return { output, wallMs, ...usage.stop() }
}

const watchProcess = (pid: number) => {
  let peakBytes: number | null = null
  let cpuMs: number | null = null
  const look = async (): Promise<void> => {
    const [status, stat] = await Promise.all([readProc(pid, 'status'), readProc(pid, 'stat')])
    const peak = /VmHWM:\s+(\d+) kB/.exec(status)?.[1]
    if (peak !== undefined) peakBytes = Number(peak) * 1024
    if (stat !== '') cpuMs = cpuMsIn(stat)
  }
  const timer = setInterval(look, watchIntervalMs)
  return {
    stop: () => {
      clearInterval(timer)
      return { peakBytes, cpuMs }
    },
  }
}

const readProc = (pid: number, name: string): Promise<string> =>
  readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')

/** Returns a process's milliseconds in user and kernel mode: fields 14 and 15 count ticks of 10 ms (proc(5)). */
export const cpuMsIn = (stat: string): number => {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10
}

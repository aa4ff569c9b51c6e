// A child process that never outlives the process that started it, kill -9 included. Node has no
// PR_SET_PDEATHSIG and mongod does not watch its stdin, so a small shell stands between: it holds one end
// of a pipe whose other end closes with the owner, however that dies, and then ends the child. The shell is
// the child's parent and reaps it last, so the process id it signals cannot have been given to a stranger.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

/** How a child ended: its exit code, or null where only the shell around it was killed. */
export interface OwnedProcessEnd {
  readonly code: number | null
}

/** A running child. */
export interface OwnedProcess {
  /** The child's own process id, or undefined where it could not be started. */
  readonly pid: number | undefined
  /** Resolves once the child is gone; never rejects. */
  readonly ended: Promise<OwnedProcessEnd>
  /** All that the child wrote to stdout and stderr, where `output` was 'collect'. */
  readonly output: Promise<string>
  /** Sends SIGTERM, then SIGKILL when the child is still there after its grace; resolves once it is gone. */
  end(): Promise<void>
}

export interface OwnedProcessOptions {
  readonly command: string
  readonly args: readonly string[]
  /** Whole seconds between SIGTERM and SIGKILL; default 10, minimum 1. */
  readonly graceSeconds?: number
}

const defaultGraceSeconds = 10

/** After the grace the watching shell has killed the child; later than this the shell itself was killed. */
const overdueMs = 2000

// Descriptor 3 is the owner's pipe: data never comes, its end means "end the child". 4 reports the child's id.
const watchScript = `
grace=$1; shift
"$@" 3<&- 4>&- &
child=$!
echo "$child" >&4
exec 4>&-
(
  PATH=/usr/bin:/bin:$PATH
  read -r _ <&3
  kill -TERM "$child"
  while [ "$grace" -gt 0 ] && kill -0 "$child"; do sleep 1; grace=$((grace - 1)); done
  kill -KILL "$child"
) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$child"
code=$?
kill "$watcher" 2>/dev/null
exit "$code"
`

/** Starts a command that is ended (SIGTERM, then SIGKILL) as soon as this process is gone or asks for it. */
export const startOwnedProcess = async (options: OwnedProcessOptions): Promise<OwnedProcess> => {
  const grace = options.graceSeconds ?? defaultGraceSeconds
  const args = ['-c', watchScript, 'sh', String(grace), options.command, ...options.args]
  const shell = spawn('/bin/sh', args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'] })
  const ended = once(shell, 'exit').then(
    ([code]): OwnedProcessEnd => ({ code: typeof code === 'number' ? code : null }),
    (): OwnedProcessEnd => ({ code: null }),
  )
  // 'pipe' makes each of these a stream; their general type also covers 'ignore' and 'inherit'.
  const [, stdout, stderr, life, identity] = shell.stdio as [null, Readable, Readable, Readable, Readable]
  life.on('error', () => life.destroy())
  const output = Promise.all([text(stdout), text(stderr)]).then((parts) => parts.join(''))
  const pid = Number.parseInt(await text(identity), 10)
  return {
    pid: Number.isNaN(pid) ? undefined : pid,
    ended,
    output,
    end: async () => {
      life.destroy()
      const overdue = setTimeout(() => killProcess(pid), grace * 1000 + overdueMs)
      await ended
      clearTimeout(overdue)
    },
  }
}

const killProcess = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended just now, or never started.
  }
}

/** Runs a command to its end; the text is its stdout and stderr. Ended early when `signal` aborts. */
export const runOwnedProcess = async (
  options: OwnedProcessOptions & { readonly signal: AbortSignal },
): Promise<{ readonly code: number | null; readonly output: string }> => {
  const child = await startOwnedProcess(options)
  const abort = () => void child.end()
  options.signal.addEventListener('abort', abort)
  if (options.signal.aborted) abort()
  const { code } = await child.ended
  options.signal.removeEventListener('abort', abort)
  return { code, output: await child.output }
}

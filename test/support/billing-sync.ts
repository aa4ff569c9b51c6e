// Runs the built program as a user would: in a folder without settings, with none in its environment.

import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa, type Options } from 'execa'
import { canaryEnvironment, noteLeaks } from './leaks.ts'

/** The program as installed. */
export const program = fileURLToPath(new URL('../../bin/billing-sync.js', import.meta.url))

/** Runs a command on a terminal of its own, for python3. */
export const terminal = fileURLToPath(new URL('terminal.py', import.meta.url))

// Settings and colours of whoever runs the tests are not those of the program under test.
const foreign =
  /^(STRIPE_|BILLING_SYNC_|MONGODB_URI|REDIS_URL|SOCKET_SECRET|LOG_LEVEL|FORCE_COLOR|NO_COLOR|PORT|HOST)/

const environment = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      value === undefined || foreign.test(name) ? [] : [[name, value]],
    ),
  )

/** What `replay --json` prints. */
export interface Summary extends Readonly<Record<string, unknown>> {
  readonly read: number
  readonly applied: number
  readonly unchanged: number
  readonly stale: number
  readonly ignored: number
  readonly parked: number
  readonly failed: number
  readonly invalid: number
  readonly filtered: number
  readonly messages: number
  readonly failures: readonly Readonly<
    Record<'source' | 'event_id' | 'type' | 'code' | 'error', string | null>
  >[]
  readonly failures_omitted: number
  readonly duration_ms: number
  readonly changes?: readonly Readonly<Record<string, unknown>>[]
  readonly changes_omitted?: number
}

/** A run that hangs is ended before its test is, so that nothing is left behind. */
const longestRunMs = 100_000

/** Starts the program; it never rejects for an exit code. */
export const startProgram = (args: readonly string[], options: Options = {}) =>
  start([process.execPath, program, ...args], options)

/** Starts the program by a line of shell in which `"$0" "$@"` is its command: `exec "$0" "$@" > /dev/full`. */
export const startInShell = (line: string, args: readonly string[], options: Options = {}) =>
  start(['sh', '-c', line, process.execPath, program, ...args], options)

/** The same, to its end. */
export const runInShell = async (line: string, args: readonly string[], options: Options = {}) =>
  endOf(await startInShell(line, args, options))

const start = ([command = '', ...args]: readonly string[], options: Options) => {
  const { env: own, ...rest } = options
  const env = { ...environment(), ...canaryEnvironment, ...own }
  const child = execa(command, args, {
    reject: false,
    extendEnv: false,
    env,
    cwd: tmpdir(),
    stdin: 'ignore',
    stripFinalNewline: false,
    timeout: longestRunMs,
    killSignal: 'SIGKILL',
    ...rest,
  })
  void child.then(({ stdout, stderr }) =>
    noteLeaks({ args, env, stdout: printed(stdout), stderr: printed(stderr) }),
  )
  return child
}

// A stream that the test keeps to itself tells nothing here.
const printed = (output: unknown): string => (typeof output === 'string' ? output : '')

/** Runs the program to its end. */
export const runProgram = async (args: readonly string[], options: Options = {}) =>
  endOf(await startProgram(args, options))

/** The same of another folder that holds the program. */
export const runPacked = async (folder: string, args: readonly string[], options: Options = {}) =>
  endOf(await start([process.execPath, join(folder, 'bin/billing-sync.js'), ...args], options))

const endOf = ({ exitCode, stdout, stderr }: Awaited<ReturnType<typeof startProgram>>) => ({
  exitCode,
  stdout: String(stdout),
  stderr: String(stderr),
})

/** Runs `replay --json` into a database, and returns its exit code and what it printed. */
export const replayJson = async (
  uri: string,
  args: readonly string[],
  options: Options = {},
): Promise<{ readonly exitCode: number | undefined; readonly summary: Summary; readonly stderr: string }> => {
  const run = await runProgram(['replay', '--json', '--mongodb-uri', uri, ...args], options)
  return { exitCode: run.exitCode, summary: JSON.parse(run.stdout), stderr: run.stderr }
}

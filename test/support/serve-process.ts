// The built `billing-sync serve`, as an operator runs it.

import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { afterAll, onTestFinished } from 'vitest'
import { canaryEnvironment, noteLeaks } from './leaks.ts'

const program = fileURLToPath(new URL('../../bin/billing-sync.js', import.meta.url))

/** A signing secret of the platform's endpoint. */
export const webhookSecret = 'whsec_of_the_platform_endpoint'

export interface ServeOptions {
  /** Connection string of its database; null leaves the setting out. */
  readonly uri: string | null
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** What is waited for: that it works, or only that it listens. */
  readonly until?: 'serving' | 'listening'
}

export interface ServeEnd {
  readonly exitCode?: number | undefined
  readonly signal?: string | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface ServeProcess {
  readonly url: string
  readonly webhooks: string
  readonly pid: number
  /** Lines of its log so far, parsed. */
  readonly log: readonly Readonly<Record<string, unknown>>[]
  /** Resolves with the first line that fits, be it there already or still to come. */
  awaitLine(
    fits: (line: Readonly<Record<string, unknown>>) => boolean,
  ): Promise<Readonly<Record<string, unknown>>>
  readonly ended: Promise<ServeEnd>
  /** Sends a signal, and resolves with how it ended. */
  stop(signal?: NodeJS.Signals): Promise<ServeEnd>
}

// A developer's own settings would change what it does.
const ownSettings = {
  ...{ STRIPE_SECRET_KEY: '', STRIPE_API_BASE: '', STRIPE_ACCOUNT_ID: '', BILLING_SYNC_CONFIG: '' },
  ...{
    BILLING_SYNC_MODE: '',
    REDIS_URL: '',
    SOCKET_SECRET: '',
    METRICS_TOKEN: '',
    MONGODB_URI: '',
    HOST: '',
  },
  ...{ LOG_LEVEL: 'info', PORT: '0', STRIPE_WEBHOOK_SECRET: webhookSecret },
  ...canaryEnvironment,
}

/** How long a `serve` that should refuse to start is waited for. */
const refusalTimeoutMs = 25_000

/** Runs `serve` to its end: for what it refuses. */
export const runServe = async (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ServeEnd> => {
  const settings = { ...ownSettings, ...env }
  const end = await execa(process.execPath, [program, 'serve', ...args], {
    env: settings,
    reject: false,
    // One that serves after all would outlive the test.
    timeout: refusalTimeoutMs,
    killSignal: 'SIGKILL',
  })
  noteLeaks({ args: ['serve', ...args], env: settings, ...end })
  return end
}

/** Starts `serve` for the tests of one file; call it at the top of the file. */
export const startServeForFile = (options: ServeOptions): Promise<ServeProcess> =>
  startServe(options, (end) => afterAll(end))

/** Starts `serve` for one test. */
export const startServeForTest = (options: ServeOptions): Promise<ServeProcess> =>
  startServe(options, (end) => onTestFinished(end))

const startServe = async (
  { uri, args = [], env = {}, until = 'serving' }: ServeOptions,
  atEnd: (end: () => Promise<void>) => void,
): Promise<ServeProcess> => {
  const named = uri === null ? [] : ['--mongodb-uri', uri]
  const settings = { ...ownSettings, ...env }
  const child = execa(process.execPath, [program, 'serve', ...named, ...args], {
    env: settings,
    reject: false,
    cleanup: true,
    // A process that hangs at its end is what a test wants to see.
    forceKillAfterDelay: false,
  })
  const log: Record<string, unknown>[] = []
  let rest = ''
  child.stderr.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) log.push(line.startsWith('{') ? JSON.parse(line) : { msg: line })
  })
  const ended: Promise<ServeEnd> = child.then((end) => {
    noteLeaks({ args: ['serve', ...named, ...args], env: settings, ...end })
    return end
  })
  // Said before it is waited for: one that never serves has to be ended too.
  atEnd(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const awaitLine: ServeProcess['awaitLine'] = async (fits) => {
    let looked = 0
    for (;;) {
      for (; looked < log.length; looked += 1) {
        const line = log[looked]
        if (line !== undefined && fits(line)) return line
      }
      const end = await Promise.race([once(child.stderr, 'data'), ended])
      if ('stderr' in end) throw new Error(`serve ended before: ${end.stderr}`)
    }
  }
  const { msg } = await awaitLine(({ msg }) => String(msg).startsWith('listening on '))
  if (until === 'serving') await awaitLine(({ msg }) => msg === 'serving')
  const url = String(msg).replace('listening on ', '')
  return {
    url,
    webhooks: `${url}/webhooks/stripe`,
    pid: child.pid ?? Number.NaN,
    log,
    awaitLine,
    ended,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal)
      return ended
    },
  }
}

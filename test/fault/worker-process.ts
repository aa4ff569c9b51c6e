// Runs processes that work off the inbox, and hears what they tell.

import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { onTestFinished } from 'vitest'
import { canaryEnvironment, noteLeaks } from '../support/leaks.ts'

export interface WorkerProcess {
  readonly pid: number
  /** What it told so far, in order. */
  readonly told: readonly (readonly [what: string, told: unknown])[]
  /** Ids of the events that it settled. */
  settled(): readonly string[]
  /** Wakes an account in it, as its own listener would. */
  wake(account: string): void
  kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | undefined>
  /** Asks it to drain and waits for its end. */
  drain(): Promise<number | string | undefined>
}

const program = fileURLToPath(new URL('work.mjs', import.meta.url))

// A key of the developer's own would make the child ask Stripe, a config of his own would change what it does.
const ownSettings = {
  ...{ STRIPE_SECRET_KEY: '', BILLING_SYNC_CONFIG: '', BILLING_SYNC_MODE: '', REDIS_URL: '' },
  ...canaryEnvironment,
}

/** Starts one and resolves once it works; it is killed when the test is over. */
export const startWorker = async (env: Readonly<Record<string, string>>): Promise<WorkerProcess> => {
  const settings = { ...ownSettings, ...env }
  const child = execa(process.execPath, [program], { env: settings, reject: false })
  const told: (readonly [string, unknown])[] = []
  const ready = new Promise<void>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      told.push(JSON.parse(line))
      if (told.at(-1)?.[0] === 'ready') resolve()
    })
    child.then(() => reject(new TypeError('the worker ended before it worked')))
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    noteLeaks({ args: [program], env: settings, ...(await child) })
  })
  await ready
  const ended = child.then(({ exitCode, signal }) => signal ?? exitCode)
  return {
    pid: child.pid ?? Number.NaN,
    told,
    settled: () => told.filter(([what]) => what === 'outcome').map(([, event]) => eventIdOf(event)),
    wake: (account) => child.stdin.write(`${account}\n`),
    kill: (signal) => child.kill(signal),
    ended,
    drain: () => {
      child.stdin.end()
      return ended
    },
  }
}

const eventIdOf = (event: unknown): string =>
  typeof event === 'object' && event !== null && 'eventId' in event ? String(event.eventId) : ''

// The work on received events as `serve` starts it, on a test's database, and what it tells.

import { onTestFinished } from 'vitest'
import { openServeHandling } from '../../src/commands/opening/open-handling.ts'
import type { StripeCalls } from '../../src/commands/opening/open-stripe-calls.ts'
import { openWorkers, type Workers } from '../../src/commands/serve/open-workers.ts'
import { type Config, loadConfig } from '../../src/config/config.ts'
import { openLog } from '../../src/log.ts'
import type { Delivery } from '../../src/ports/pipeline-store.ts'
import type { HandledEvent } from '../../src/sources/inbox-work/work-listener.ts'
import { plainHttpClient } from '../../src/sources/stripe/account-client.ts'
import { memoryLimiter, Pace } from '../../src/sources/stripe/pace.ts'
import { receiveEvents } from '../../src/store/inbox.ts'
import { asOpened, type TestDatabase } from './database.ts'

export type Told = readonly [what: 'outcome' | 'retry' | 'dead' | 'waiting', event: HandledEvent]

export interface RunningWorkers extends Workers {
  /** Everything told so far, in order. */
  readonly told: readonly Told[]
  readonly troubles: readonly (readonly [code: string, account: string | null])[]
  /** Accounts taken over from processes that died. */
  readonly takenOver: readonly string[]
  /** Accounts whose notices were announced. */
  readonly woken: readonly string[]
}

/** The played Stripe answers as many requests as there are, unless it is told otherwise. */
const unlimitedCalls = (key: string): StripeCalls => ({
  key,
  paceOf: (owner, share) =>
    new Pace({
      ...{ owner, share, limits: { perEndpoint: 10_000, inAll: 10_000 }, requestsPerSecond: null },
      ...{ limiter: memoryLimiter(), isKept: () => false },
    }),
  httpClient: plainHttpClient(),
  close: () => undefined,
})

/** Starts the work; it ends with the test. */
export const startWorkers = async (
  { client, db }: TestDatabase,
  settings: Partial<Config> = {},
): Promise<RunningWorkers> => {
  const told: Told[] = []
  const troubles: (readonly [string, string | null])[] = []
  const woken: string[] = []
  const takenOver: string[] = []
  const config = { ...(await loadConfig({}, '/')), stripeKey: undefined, redisUrl: undefined, ...settings }
  const calls = config.stripeKey === undefined ? null : unlimitedCalls(config.stripeKey)
  const opened = asOpened({ client, db })
  const ending = new AbortController()
  const reads = calls === null ? null : { calls, signal: ending.signal }
  const workers = await openWorkers({
    config,
    redis: null,
    handling: await openServeHandling(config, opened, { reads, onServed: null }),
    ending,
    database: opened,
    log: openLog('silent'),
    listener: {
      onOutcome: (event) => told.push(['outcome', event]),
      onRetry: (event) => told.push(['retry', event]),
      onDead: (event) => told.push(['dead', event]),
      onWaiting: (event) => told.push(['waiting', event]),
      onLostCommit: () => undefined,
      onTakeover: (account) => takenOver.push(account),
      onTrouble: (code, account) => troubles.push([code, account]),
    },
    sinks: { wake: (account) => woken.push(account) },
  })
  onTestFinished(async () => {
    await workers.drain(10_000)
  })
  return { ...workers, told, troubles, woken, takenOver }
}

/** Puts deliveries into the inbox as the listener does. */
export const ingest = async (
  { db }: Pick<TestDatabase, 'db'>,
  ...deliveries: readonly Delivery[]
): Promise<void> => {
  await receiveEvents(db, deliveries, 'webhook')
}

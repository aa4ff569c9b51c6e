// What `serve` sees to besides new webhooks: events that did not come, accounts that only a backfill can complete,
// contacts of accounts whose mappings changed, and the clock.

import type { EventEmitter } from 'node:events'
import type { Config } from '../../config/config.ts'
import { isRetryable } from '../../errors.ts'
import { inTime } from '../../in-time.ts'
import type { Log } from '../../log.ts'
import { resourceNames } from '../../sources/backfill/resources.ts'
import { wantedBackfills } from '../../store/backfill-wanted.ts'
import type { Database } from '../../store/database.ts'
import type { Backlog } from '../../store/intake/backlog.ts'
import { ServerClock } from '../../store/server-clock.ts'
import { type ClockWatch, watchClock } from '../../watch/watch-clock.ts'
import { keepContactsDerived } from '../opening/due-contacts.ts'
import type { Handling } from '../opening/open-handling.ts'
import type { StripeCalls } from '../opening/open-stripe-calls.ts'
import type { ServeRole } from './serve-role.ts'

export interface UpkeepRequest {
  readonly config: Config
  readonly database: Database
  readonly handling: Handling
  /** Null where no key is set. */
  readonly calls: StripeCalls | null
  readonly log: Log
  /** True where Stripe is asked for what webhooks did not bring. */
  readonly catchesUp: boolean
  /** Processes that only take webhooks in leave contacts to the others. */
  readonly role: ServeRole
}

export interface Upkeep {
  /** What wants somebody's attention; empty where nothing does. */
  readonly degraded: () => readonly string[]
  /** Number of accounts that want a backfill. */
  readonly backfillsWanted: () => number
  /** Ends what is under way, in a second at most; what was found so far is kept. */
  readonly end: () => Promise<void>
}

interface Neighbours {
  readonly backlog: Pick<Backlog, 'isFull'>
  /** Told of each account that has new rows in the inbox. */
  readonly wake: (account: string) => void
  /** Emits `account` when this process handled the return of one. */
  readonly returns: EventEmitter
}

/** How often accounts that want a backfill are looked for. */
const lookMs = 30_000

/** How long the end waits for it: what waits for a MongoDB that is away has nothing to finish. */
const endPatienceMs = 1_000

/** Starts it in the background. */
export const openUpkeep = (request: UpkeepRequest, neighbours: Neighbours): Upkeep => {
  const ending = new AbortController()
  const { catchesUp, calls } = request
  const caughtUp =
    catchesUp && calls !== null
      ? startCatchUp({ ...request, calls }, neighbours, ending.signal)
      : Promise.resolve()
  const derived =
    request.role === 'ingest' ? Promise.resolve() : keepContactsDerived({ ...request, signal: ending.signal })
  const watch = watchWanted(request)
  const clock = watchServerClock(request)
  return {
    degraded: () => [
      ...(watch.wanted() > 0 ? ['backfill_wanted'] : []),
      ...(clock.differs() ? ['clock_differs'] : []),
    ],
    backfillsWanted: watch.wanted,
    end: async () => {
      ending.abort()
      watch.stop()
      clock.stop()
      await inTime(Promise.all([caughtUp, derived]), endPatienceMs, null)
    },
  }
}

const startCatchUp = async (
  { config, database, handling, calls, log }: UpkeepRequest & { readonly calls: StripeCalls },
  { backlog, wake, returns }: Neighbours,
  signal: AbortSignal,
): Promise<void> => {
  const { keepCaughtUp } = await import('./keep-caught-up.ts')
  const { options, platformOfKey } = handling
  const isBacklogFull = (): boolean => backlog.isFull
  await keepCaughtUp({
    config,
    database,
    calls,
    log,
    store: options.store,
    platformOfKey,
    isBacklogFull,
    wake,
    returns,
    signal,
  })
}

const watchServerClock = ({ database: { db }, log }: UpkeepRequest): ClockWatch => {
  const clock = new ServerClock()
  const askAheadMs = async (): Promise<number> => {
    await clock.synchronise(db)
    return clock.aheadMs
  }
  return watchClock({ askAheadMs, log })
}

// Each account is named once in the log, and again should it come back to wanting one.
const watchWanted = ({ config: { livemode }, database: { db }, log }: UpkeepRequest) => {
  let named: ReadonlySet<string> = new Set()
  const look = async (): Promise<void> => {
    try {
      const wanted = (await wantedBackfills(db, { lists: resourceNames, livemode })).map(
        ({ account }) => account,
      )
      for (const account of wanted)
        if (!named.has(account))
          log.warn('what happened while the account was cut off, or too long ago, wants a backfill', {
            account,
          })
      named = new Set(wanted)
    } catch (error) {
      // The next look comes soon; what keeps MongoDB from answering is told elsewhere.
      if (!isRetryable(error)) throw error
    }
  }
  const lookAgain = (): void => {
    look().catch((error: unknown) => log.error('accounts that want a backfill are not looked for', error))
  }
  lookAgain()
  const timer = setInterval(lookAgain, lookMs).unref()
  return { wanted: () => named.size, stop: () => clearInterval(timer) }
}

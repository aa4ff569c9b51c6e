// What `serve` does once its database is open: it takes webhooks in, works them off, and tells others, as its role says.

import { EventEmitter } from 'node:events'
import type { Server } from 'node:http'
import type { Config } from '../../config/config.ts'
import { BillingSyncError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Readiness } from '../../sources/webhook/operations.ts'
import type { Database } from '../../store/database.ts'
import { Backlog } from '../../store/intake/backlog.ts'
import { WriteGate } from '../../store/intake/write-gate.ts'
import { type ServeListener, tellAll } from '../../watch/serve-listener.ts'
import { type EventLoopWatch, watchEventLoop } from '../../watch/watch-event-loop.ts'
import { type Handling, openServeHandling } from '../opening/open-handling.ts'
import { openSinks, type Sinks } from '../opening/open-sinks.ts'
import type { StripeCalls } from '../opening/open-stripe-calls.ts'
import { type RedisPlace, redisPlaceOf } from '../opening/redis-place.ts'
import { untilAnswered } from './await-database.ts'
import { type Ingest, openEndpointSecrets, openIngest } from './open-ingest.ts'
import { openUpkeep } from './open-upkeep.ts'
import { openWakesOfOthers, type Wakes } from './open-wakes.ts'
import { openWorkers, type Workers } from './open-workers.ts'
import type { ServeRole } from './serve-role.ts'

export interface ServingRequest {
  readonly config: Config
  readonly role: ServeRole
  /** True where Stripe is asked for what webhooks did not bring. */
  readonly catchesUp: boolean
  readonly database: Database
  /** Null where no key is set. */
  readonly calls: StripeCalls | null
  readonly log: Log
  readonly httpServer: Server
  readonly listener: ServeListener
  /** Ends the wait for a MongoDB that goes away while all is started. */
  readonly signal: AbortSignal
}

export interface Serving {
  /** Null where this process takes no webhooks. */
  readonly ingest: Ingest | null
  /** Null where this process does not work events off. */
  readonly sinks: Sinks | null
  readonly gate: WriteGate
  readonly backlog: Backlog
  /** Number of accounts that want a backfill. */
  readonly backfillsWanted: () => number
  /** Tells whether it can work now. Never rejects. */
  readonly readiness: () => Promise<Readiness>
  /** Rejects with `config_invalid` where the key turns out to be another platform's; else it settles once that is known. */
  readonly keyFits: Promise<void>
  /** Finishes what is under way, for so long at most, and closes everything; false where something was left. */
  readonly end: (patienceMs: number) => Promise<boolean>
}

/** How long notices of the last commits are waited for at the end; the outbox keeps the others. */
const noticePatienceMs = 1_000

/** Starts all that the role asks for. Throws `config_invalid` for a configuration that does not fit the database. */
export const openServing = async (request: ServingRequest): Promise<Serving> => {
  const { config, role, database, calls, log, listener } = request
  const gate = new WriteGate(database.db, {
    onClosed: (error) => log.error('MongoDB takes no writes; webhooks are answered 503 until it does', error),
    onOpened: () => log.info('MongoDB takes writes again'),
  })
  const backlog = new Backlog(database.db, config.maxBacklog, ({ dead }) => listener.onDeadCounted(dead))
  const returns = new EventEmitter()
  const ending = new AbortController()
  const reads = role === 'ingest' || calls === null ? null : { calls, signal: ending.signal }
  const asking = { reads, onServed: listener.onStripeAnswer }
  // Before the accounts of the config are written, and before the work, which goes on until it is ended: what is refused
  // here leaves nothing behind.
  const secrets =
    role === 'work' ? null : await untilAnswered(() => openEndpointSecrets(config, database), request)
  const handling = await untilAnswered(() => openServeHandling(config, database, asking), request)
  const redis = await untilAnswered(() => redisPlaceOf(config, database), request)
  const opened = { ...request, handling, redis }
  const worked = role === 'ingest' ? null : await openWork({ ...opened, ending, returns })
  const wakes: Wakes = worked?.workers ?? (await openWakesOfOthers(opened))
  const { wake } = wakes
  const ingest = secrets === null ? null : openIngest({ ...opened, gate, backlog, secrets, wake })
  void backlog.start()
  const upkeep = openUpkeep(opened, { backlog, wake, returns })
  const loop = watchEventLoop(request)
  return {
    ingest,
    sinks: worked?.sinks ?? null,
    gate,
    backlog,
    backfillsWanted: upkeep.backfillsWanted,
    keyFits:
      handling.options.readObjects !== null || request.catchesUp ? keyFits(handling) : Promise.resolve(),
    readiness: async () => ({
      problem: (await gate.check()) ? problemOf(worked, loop) : 'mongodb_unavailable',
      degraded: [
        ...new Set([...degradedOf([wakes, handling.platformTrouble, upkeep]), ...awayOf(worked, config)]),
      ],
    }),
    end: async (patienceMs) => {
      loop.stop()
      await upkeep.end()
      await ingest?.intake.drain()
      const isDrained = await wakes.drain(patienceMs)
      await worked?.sinks.drain(noticePatienceMs)
      await worked?.sinks.close()
      backlog.end()
      gate.end()
      calls?.close()
      await database.close()
      return isDrained
    },
  }
}

// Webhooks do not wait for Stripe, so it is asked while they flow. Whatever asks for more waits for the same answer, and
// for another one where there was none.
const keyFits = async ({ platformOfKey }: Handling): Promise<void> => {
  try {
    await platformOfKey()
  } catch (error) {
    if (!(error instanceof BillingSyncError) || error.exitCode === 2) throw error
  }
}

/** An account lets the platform in, for the first time or again. */
const returnType = 'account.application.authorized'

interface Worked {
  readonly workers: Workers
  readonly sinks: Sinks
}

interface WorkRequest extends ServingRequest {
  readonly handling: Handling
  readonly redis: RedisPlace | null
  readonly ending: AbortController
  /** Told when an account returns. */
  readonly returns: EventEmitter
}

const openWork = async ({ returns, ...request }: WorkRequest): Promise<Worked> => {
  const { listener } = request
  const sinks = await openSinks(request)
  try {
    const onOutcome: ServeListener['onOutcome'] = ({ type }) => {
      if (type === returnType) returns.emit('account')
    }
    const workers = await openWorkers({ ...request, sinks, listener: tellAll([listener, { onOutcome }]) })
    return { sinks, workers }
  } catch (error) {
    await sinks.close()
    throw error
  }
}

const problemOf = (worked: Worked | null, loop: EventLoopWatch): string | null => {
  if (worked !== null && !worked.workers.isRunning()) return 'workers_stopped'
  return loop.stoodStill() ? 'stood_still' : null
}

const degradedOf = (parts: readonly Pick<Wakes, 'degraded'>[]): readonly string[] =>
  parts.flatMap((part) => part.degraded())

// Both sinks go over Redis where one is configured.
const awayOf = (worked: Worked | null, { redisUrl }: Config): readonly string[] => {
  const away = worked?.sinks.unavailable() ?? []
  return away.map((sink) => `${redisUrl === undefined ? sink : 'redis'}_unavailable`)
}

// Joins the work on received events to an open database: the inbox is worked off in this process, whoever received.

import { setMaxListeners } from 'node:events'
import pLimit from 'p-limit'
import type { Config } from '../../config/config.ts'
import type { Log } from '../../log.ts'
import { type DeliveryOptions, handleDeliveries, readDeliveries } from '../../pipeline/handle-deliveries.ts'
import { AccountPauses } from '../../sources/inbox-work/account-pauses.ts'
import { Dispatcher } from '../../sources/inbox-work/dispatcher.ts'
import type { DueDelivery } from '../../sources/inbox-work/due-batch.ts'
import { type TurnOptions, takeTurn } from '../../sources/inbox-work/lane-turn.ts'
import { PayloadRoom } from '../../sources/inbox-work/payload-room.ts'
import { ThreadLoad } from '../../sources/inbox-work/thread-load.ts'
import type { WorkListener } from '../../sources/inbox-work/work-listener.ts'
import type { Database } from '../../store/database.ts'
import { reopenEvents } from '../../store/inbox.ts'
import { openWorkStore } from '../../store/inbox-work.ts'
import { LaneClaims } from '../../store/lane-claims.ts'
import { identifyThisProcess } from '../../store/this-process.ts'
import type { Handling } from '../opening/open-handling.ts'
import type { Sinks } from '../opening/open-sinks.ts'
import type { RedisPlace } from '../opening/redis-place.ts'
import { degradedWakes, openSharedWakes, openWakeTaker, type Wakes } from './open-wakes.ts'

export interface WorkersRequest {
  readonly config: Config
  readonly database: Database
  /** Null where no Redis is configured. */
  readonly redis: RedisPlace | null
  readonly handling: Pick<Handling, 'options'>
  /** What the handling waits for ends with it; a drain aborts it. */
  readonly ending: AbortController
  readonly log: Log
  readonly listener: WorkListener
  /** Told of each account that has something to deliver. */
  readonly sinks: Pick<Sinks, 'wake'>
}

export interface Workers extends Wakes {
  /** True while the work goes on. */
  isRunning(): boolean
}

/**
 * Batches that work on the database at once; folding is one thread's work, waiting for commits is not. Where the thread is
 * busy, a second one only keeps it longer from webhooks and from what came for its account since: one at a time brought 8 %
 * more to projections, at 8 % less processor time for each event (medians of eight rounds each, side by side).
 */
const batchesAtOnce = 8
const batchesAtOnceWhileBusy = 1

/** Turns at once where Stripe is asked: so many may wait for it before an account that needs nothing of it has to. */
const turnsAtOnceOverStripe = 200

/**
 * Events of a batch: the fuller, the fewer commits, and the more memory. With 200,000 waiting 400 took 307 MB, 200 took 271
 * and 160 took 226, and all brought as much to projections. A batch whose events are read from Stripe takes seconds as it is.
 */
const largestBatch = 160

/** Starts the work; the config's accounts are in the database. */
export const openWorkers = async (request: WorkersRequest): Promise<Workers> => {
  const { config, handling, ending } = request
  // As many listen as requests are under way.
  setMaxListeners(0, ending.signal)
  const load = new ThreadLoad()
  const turn = turnOptionsOf(request, load.rest)
  const { store, lanes, pauses, listener } = turn
  const turns = turnsAtOnce(handling, load)
  const shared = await openSharedWakes(request, (account) => dispatcher.wake(account))
  const wake = (account: string): void => (shared ?? dispatcher).wake(account)
  const options = { ...turn, isAwaited: () => dispatcher.isAwaited }
  const dispatcher: Dispatcher = new Dispatcher({
    takeTurn: (account) => takeTurn(account, options),
    mostTurns: turns.now,
    sweep: async () => {
      await store.unpark(config.unknownAccounts === 'accept' ? 'all' : 'listed')
      return store.dueAccounts()
    },
    renew: () => lanes.renew(),
    pauses,
    onMore: wake,
    onTrouble: listener.onTrouble,
  })
  const taker = await openWakeTaker(request, {
    takeTurn: (account) => dispatcher.turn(account),
    turnsAtOnce: turns.most,
  })
  return {
    wake,
    isRunning: () => dispatcher.isRunning,
    degraded: () => [...pauses.codes(), ...degradedWakes(shared)],
    drain: async (patience) => {
      ending.abort()
      const [isDrained] = await Promise.all([dispatcher.drain(patience), taker?.close(), shared?.close()])
      return isDrained
    },
  }
}

// While Stripe is waited for, turns cost nothing.
const turnsAtOnce = ({ options }: WorkersRequest['handling'], load: ThreadLoad) => {
  if (options.readObjects !== null) return { most: turnsAtOnceOverStripe, now: () => turnsAtOnceOverStripe }
  return { most: batchesAtOnce, now: () => (load.isBusy ? batchesAtOnceWhileBusy : batchesAtOnce) }
}

const turnOptionsOf = (
  { database, handling: { options }, ending: { signal }, listener, sinks }: WorkersRequest,
  rest: TurnOptions['rest'],
): Omit<TurnOptions, 'isAwaited'> => {
  const store = openWorkStore(database.db, largestBatch)
  const handling: DeliveryOptions = {
    ...options,
    ...{ signal, rest },
    now: store.now,
    onLostCommit: () => {
      listener.onLostCommit()
      options.onLostCommit()
    },
  }
  const places = pLimit(batchesAtOnce)
  return {
    store,
    lanes: new LaneClaims(database.db, identifyThisProcess()),
    read: (deliveries) => readDeliveries(deliveries, handling),
    handle: async (deliveries, reads) => {
      const options = { ...withLoadedRows(handling, database), reads }
      const { outcomes } = await handleDeliveries(deliveries, options)
      sinks.wake(deliveries[0]?.account ?? '')
      return outcomes
    },
    inPlace: places,
    room: new PayloadRoom(),
    pauses: new AccountPauses(Math.random),
    listener,
    ...{ signal, rest },
    random: Math.random,
  }
}

// The rows were read a moment ago; only an attempt that was lost to another writer has to read them again.
const withLoadedRows = (options: DeliveryOptions, { db }: Database): DeliveryOptions => {
  let isFirst = true
  return {
    ...options,
    receive: async (deliveries) => {
      if (!isFirst) return reopenEvents(db, deliveries)
      isFirst = false
      return deliveries.map((delivery) => {
        const { due } = delivery as DueDelivery // handleDeliveries hands on what it was given
        return { rowId: due.rowId, state: due.state, conflict: false }
      })
    },
  }
}

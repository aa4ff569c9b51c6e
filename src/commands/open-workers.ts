// Joins the work on received events to an open database: the inbox is worked off in this process, whoever received.

import pLimit from 'p-limit'
import type { Config } from '../config/config.ts'
import { type DeliveryOptions, handleDeliveries, readDeliveries } from '../handle-deliveries.ts'
import type { Log } from '../log.ts'
import type { Reads } from '../pipeline-store.ts'
import { AccountPauses } from '../sources/inbox-work/account-pauses.ts'
import { Dispatcher } from '../sources/inbox-work/dispatcher.ts'
import type { DueDelivery } from '../sources/inbox-work/due-batch.ts'
import { takeTurn } from '../sources/inbox-work/lane-turn.ts'
import { PayloadRoom } from '../sources/inbox-work/payload-room.ts'
import type { HandledEvent, WorkListener } from '../sources/inbox-work/work-listener.ts'
import type { Database } from '../store/database.ts'
import { reopenEvents } from '../store/inbox.ts'
import { openWorkStore } from '../store/inbox-work.ts'
import { identifyThisProcess } from '../store/this-process.ts'
import { openHandling } from './open-handling.ts'
import type { Sinks } from './open-sinks.ts'

export interface WorkersRequest {
  readonly config: Config
  readonly database: Database
  readonly log: Log
  readonly listener: WorkListener
  /** Told of each account that has something to deliver. */
  readonly sinks: Pick<Sinks, 'wake'>
}

export interface Workers {
  /** Looks at an account's due events soon; call it once they are durable. Never throws. */
  wake(account: string): void
  /** True while the work goes on. */
  isRunning(): boolean
  /** Reasons why some events wait, such as `stripe_unauthorized`; empty where all is well. */
  degraded(): readonly string[]
  /** Takes up no more events and waits for those under way, for so long at most; answers whether all are through. */
  drain(patienceMs: number): Promise<boolean>
}

/** Batches that work on the database at once; folding is one thread's work, waiting for commits is not. */
const batchesAtOnce = 8

/** How long a batch waits for trouble to pass before its lane rests: shorter than a drain. */
const patienceMs = 5_000

/** Takes over the config's accounts and starts the work. Throws `config_invalid` for a wrong platform. */
export const openWorkers = async (request: WorkersRequest): Promise<Workers> => {
  const { config, database, listener, sinks } = request
  const { options } = await openHandling(config, database, {
    source: 'webhook',
    effects: 'missing',
    isStored: true,
    patienceMs,
  })
  const store = openWorkStore(database, await identifyThisProcess())
  const handling: DeliveryOptions = { ...options, now: store.now, onLostCommit: listener.onLostCommit }
  const pauses = new AccountPauses(Math.random)
  const ending = new AbortController()
  const told = alsoLogging(request)
  const places = pLimit(batchesAtOnce)
  const turn = {
    store,
    read: (deliveries: readonly DueDelivery[]) => readDeliveries(deliveries, handling),
    handle: async (deliveries: readonly DueDelivery[], reads: Reads) => {
      const { outcomes } = await handleDeliveries(deliveries, {
        ...withLoadedRows(handling, database),
        reads,
      })
      sinks.wake(deliveries[0]?.account ?? '')
      return outcomes
    },
    inPlace: <Result>(work: () => Promise<Result>) => places(work),
    room: new PayloadRoom(),
    pauses,
    listener: told,
    signal: ending.signal,
    random: Math.random,
  }
  const dispatcher = new Dispatcher({
    takeTurn: (account) => takeTurn(account, turn),
    sweep: async () => {
      await store.unpark(config.unknownAccounts === 'accept')
      return store.dueAccounts()
    },
    renew: store.renew,
    pauses,
    onTrouble: told.onTrouble,
  })
  return {
    wake: (account) => dispatcher.wake(account),
    isRunning: () => dispatcher.isRunning,
    degraded: () => pauses.codes(),
    drain: (patience) => {
      ending.abort()
      return dispatcher.drain(patience)
    },
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

const alsoLogging = ({ log, listener }: WorkersRequest): WorkListener => ({
  ...listener,
  onOutcome: (event) => {
    if (event.code === null) log.info('event handled', fieldsOf(event))
    listener.onOutcome(event)
  },
  onRetry: (event) => {
    log.warn('event failed, will be tried again', fieldsOf(event))
    listener.onRetry(event)
  },
  onDead: (event) => {
    log.warn('event failed for good: see replay --stored --status dead', fieldsOf(event))
    listener.onDead(event)
  },
  onWaiting: (event) => {
    log.warn('event waits', fieldsOf(event))
    listener.onWaiting(event)
  },
  onTakeover: (account) => {
    log.warn('work of a process that ended or stopped answering is taken over', { account })
    listener.onTakeover(account)
  },
  onTrouble: (code, account) => {
    log.warn('work on events met trouble', { code, ...(account === null ? {} : { account }) })
    listener.onTrouble(code, account)
  },
})

const fieldsOf = ({ eventId, account, type, outcome, code, ms }: HandledEvent) => ({
  event_id: eventId,
  account,
  type,
  outcome,
  code,
  ms,
})

// Joins wake-ups over Redis to `serve`: every process of an inbox sends them, those that work take them.

import type { Log } from '../../log.ts'
import type { SharedWakes, SharedWakesOptions } from '../../sources/inbox-work/shared-wakes.ts'
import type { WakeTaker, WakeTakerOptions } from '../../sources/inbox-work/wake-taker.ts'
import type { RedisPlace } from '../opening/redis-place.ts'

/** What a process wakes accounts with. */
export interface Wakes {
  /** Has an account's due events looked at soon; call it once they are durable. Never throws. */
  wake(account: string): void
  /** Reasons why some events wait, such as `stripe_unauthorized`; empty where all is well. */
  degraded(): readonly string[]
  /** Takes up no more events and waits for those under way, for so long at most; answers whether all are through. */
  drain(patienceMs: number): Promise<boolean>
}

interface WakesRequest {
  /** Null where no Redis is configured. */
  readonly redis: RedisPlace | null
  readonly log: Log
}

/** Opens the wakes of a process that works nothing off: without Redis those that do find what is due by themselves. */
export const openWakesOfOthers = async (request: WakesRequest): Promise<Wakes> => {
  const wakes = await openSharedWakes(request, () => undefined)
  return {
    wake: (account) => wakes?.wake(account),
    degraded: () => degradedWakes(wakes),
    drain: async () => {
      await wakes?.close()
      return true
    },
  }
}

/**
 * Opens what sends wake-ups; null where no Redis is configured.
 * @param onLost called in place of a wake-up that Redis can't take
 */
export const openSharedWakes = async (
  { redis, log }: WakesRequest,
  onLost: SharedWakesOptions['onLost'],
): Promise<SharedWakes | null> => {
  if (redis === null) return null
  const [{ SharedWakes }, { openRedis }] = await Promise.all([
    import('../../sources/inbox-work/shared-wakes.ts'),
    import('../../redis.ts'),
  ])
  const connection = openRedis(redis.url)
  return new SharedWakes({ connection, inbox: redis.database, onLost, onAway: tellRedis(log) })
}

/** Begins to take turns of accounts that others woke; null where no Redis is configured. */
export const openWakeTaker = async (
  { redis }: Omit<WakesRequest, 'log'>,
  turns: Pick<WakeTakerOptions, 'takeTurn' | 'turnsAtOnce'>,
): Promise<WakeTaker | null> => {
  if (redis === null) return null
  const [{ takeSharedWakes }, { openBlockingRedis }] = await Promise.all([
    import('../../sources/inbox-work/wake-taker.ts'),
    import('../../redis.ts'),
  ])
  return takeSharedWakes({
    connection: openBlockingRedis(redis.url),
    inbox: redis.database,
    ...turns,
  })
}

/** Returns the reasons for which wake-ups do not reach others. */
export const degradedWakes = (wakes: SharedWakes | null): readonly string[] =>
  wakes?.isAway === true ? ['redis_unavailable'] : []

const tellRedis = (log: Log) => (isAway: boolean) => {
  if (isAway)
    log.warn('Redis does not answer: check that it runs and that REDIS_URL is right; what it is owed waits', {
      code: 'sink_unavailable',
    })
  else log.info('Redis answers again')
}

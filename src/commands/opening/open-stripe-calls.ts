// How a command calls Stripe: at the speed limit of each key, which all its requests share and, where Redis is
// configured, those of all processes.

import { type RateLimiterAbstract, RateLimiterRedis } from 'rate-limiter-flexible'
import type { Config } from '../../config/config.ts'
import { livemodeOfKey } from '../../core/key-mode.ts'
import { inTime } from '../../in-time.ts'
import { type HttpClient, plainHttpClient } from '../../sources/stripe/account-client.ts'
import { CountedHttpClient, type TellAnswer } from '../../sources/stripe/counted-http-client.ts'
import { limitsOf, memoryLimiter, Pace } from '../../sources/stripe/pace.ts'
import { holdSeconds } from '../../sources/stripe/pace-budget.ts'
import type { PaceShare } from '../../sources/stripe/place-order.ts'
import { announceServe, type ServePresence, watchForServe } from '../../sources/stripe/serve-presence.ts'

export interface StripeCalls {
  /** The platform's. */
  readonly key: string
  /** Answers the pace of the key of an account: one for all who ask with it, and with the same share. */
  paceOf(owner: string, share: PaceShare): Pace
  /** Makes single requests, at no pace. */
  readonly httpClient: HttpClient
  /** Cuts off what is under way: nobody waits for it any more. */
  close(): void
}

export interface CallsRequest {
  /** The platform's. */
  readonly key: string
  /** What `--rate` lowers the limits to; null: nothing. */
  readonly requestsPerSecond: number | null
  /** Given by `serve`, for whose events a part of the budget is kept: told of each answer. */
  readonly onServed: TellAnswer | null
}

/** How long Redis is waited for before the limit is kept by this process alone. */
const redisPatienceMs = 2_000

/** Opens them. Redis being away is no error: each process keeps to the limits by itself then. */
export const openStripeCalls = async (
  { redisUrl }: Pick<Config, 'redisUrl'>,
  { key, requestsPerSecond, onServed }: CallsRequest,
): Promise<StripeCalls> => {
  const isServe = onServed !== null
  const { limiter, presence, close } =
    redisUrl === undefined ? openOwn(isServe) : await openShared(redisUrl, isServe)
  const livemode = livemodeOfKey(key)
  const mode = livemode === true ? 'live' : 'test'
  const paces = new Map<string, Pace>()
  const plain = plainHttpClient()
  return {
    key,
    paceOf: (account, share) => {
      const owner = `${account}:${mode}`
      const isKept = (): boolean => presence.isBeside(owner)
      const options = { owner, limits: limitsOf(livemode), requestsPerSecond, limiter, share, isKept }
      const pace = paces.get(`${owner}:${share}`) ?? new Pace(options)
      paces.set(`${owner}:${share}`, pace)
      // Said and looked for from the first request on.
      isKept()
      return pace
    },
    httpClient: onServed === null ? plain : new CountedHttpClient(plain, onServed),
    close: () => {
      close()
      plain.close()
    },
  }
}

interface PaceStore {
  readonly limiter: RateLimiterAbstract
  readonly presence: ServePresence
  readonly close: () => void
}

// Of other processes nothing is known.
const openOwn = (isServe: boolean): PaceStore => ({
  limiter: memoryLimiter(),
  presence: { isBeside: () => isServe, close: () => undefined },
  close: () => undefined,
})

const openShared = async (url: string, isServe: boolean): Promise<PaceStore> => {
  const { openRedis } = await import('../../redis.ts')
  const redis = openRedis(url)
  await inTime(new Promise((resolve) => redis.once('ready', resolve)), redisPatienceMs, null)
  const limiter = new RateLimiterRedis({
    storeClient: redis,
    points: 1,
    duration: holdSeconds,
    keyPrefix: 'billing-sync:pace',
    insuranceLimiter: memoryLimiter(),
  })
  const presence = isServe ? announceServe(redis) : watchForServe(redis)
  return {
    limiter,
    presence,
    close: () => {
      presence.close()
      redis.disconnect()
    },
  }
}

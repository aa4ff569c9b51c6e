// The speed limit of a key, shared by all requests of the run and, where Redis is configured, by all processes.

import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import type { Config } from '../config/config.ts'
import { limitsOf, memoryLimiter, Pace } from '../sources/stripe/pace.ts'
import { holdSeconds } from '../sources/stripe/pace-budget.ts'

export interface OpenPaces {
  /** Answers the pace of the key of an account: one for all who ask with it. */
  paceOf(owner: string): Pace
  close(): void
}

export interface PaceRequest {
  /** Mode of the key, where it tells. */
  readonly livemode: boolean | null
  /** What `--rate` lowers the limits to. */
  readonly requestsPerSecond: number | null
}

/** How long Redis is waited for before the limit is kept by this process alone. */
const redisPatienceMs = 2_000

/** Opens the paces of keys. Redis being away is no error: each process keeps to the limits by itself then. */
export const openPaces = async (
  { redisUrl }: Config,
  { livemode, requestsPerSecond }: PaceRequest,
): Promise<OpenPaces> => {
  const { limiter, close } =
    redisUrl === undefined ? { limiter: memoryLimiter(), close: () => undefined } : await openShared(redisUrl)
  const limits = limitsOf(livemode, requestsPerSecond)
  const mode = livemode === true ? 'live' : 'test'
  const paces = new Map<string, Pace>()
  const paceOf = (owner: string): Pace => {
    const pace = paces.get(owner) ?? new Pace({ owner: `${owner}:${mode}`, limits, limiter })
    paces.set(owner, pace)
    return pace
  }
  return { paceOf, close }
}

const openShared = async (
  url: string,
): Promise<{ readonly limiter: RateLimiterAbstract; readonly close: () => void }> => {
  const [{ RateLimiterRedis }, { openRedis }] = await Promise.all([
    import('rate-limiter-flexible'),
    import('../sinks/redis.ts'),
  ])
  const redis = openRedis(url)
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, redisPatienceMs)
    redis.once('ready', () => {
      clearTimeout(timer)
      resolve()
    })
  })
  const limiter = new RateLimiterRedis({
    storeClient: redis,
    points: 1,
    duration: holdSeconds,
    keyPrefix: 'billing-sync:pace',
    insuranceLimiter: memoryLimiter(),
  })
  return { limiter, close: () => redis.disconnect() }
}

// Redis as the sinks use it. Guarantees: a command fails within seconds while Redis is away or frozen, and never
// waits for it in a queue; Redis being away at the start is no error.

import { Redis, type RedisOptions } from 'ioredis'
import { BillingSyncError } from '../errors.ts'

/** How long a command may take. */
const commandTimeoutMs = 4_000

/** Pauses between tries to connect. */
const longestReconnectPauseMs = 1_000

const options: RedisOptions = {
  connectTimeout: commandTimeoutMs,
  keepAlive: commandTimeoutMs,
  maxRetriesPerRequest: null,
  retryStrategy: (tries) => Math.min(longestReconnectPauseMs, 50 * 2 ** Math.min(tries, 10)),
}

/** Returns a connection for commands that must be answered, or fail soon. */
export const openRedis = (url: string): Redis =>
  tolerant(new Redis(url, { ...options, enableOfflineQueue: false, commandTimeout: commandTimeoutMs }))

/** Returns a connection for reads that block, which wait for Redis to come back. */
export const openBlockingRedis = (url: string): Redis => tolerant(new Redis(url, options))

// Each failed command tells by itself; an event without a listener would end the process.
const tolerant = (redis: Redis): Redis => redis.on('error', () => undefined)

/** Returns the coded error of a connection that is not there. */
export const notConnected = (): BillingSyncError =>
  new BillingSyncError('sink_unavailable', { sink: 'Redis', reason: 'no connection' })

/** Codes of answers by which a healthy connection tells that Redis itself is not well. */
const outages: ReadonlySet<string> = new Set([
  ...['LOADING', 'OOM', 'READONLY', 'MASTERDOWN', 'CLUSTERDOWN', 'TRYAGAIN', 'MISCONF', 'BUSY'],
  ...['NOREPLICAS', 'NOAUTH', 'WRONGPASS', 'NOPERM', 'UNBLOCKED', 'EXECABORT'],
])

// Redis 6 answers for a script with `ERR`, what went wrong in it, such as a lack of memory, and where.
const inScript = /^ERR Error running script .*@user_script: ?\d+: -?([A-Z]+)/s

const codeOf = ({ message }: Error): string => inScript.exec(message)?.[1] ?? message.split(/[\s:]/)[0] ?? ''

/**
 * Returns the coded error of a failed command: `sink_rejected` where Redis is well and takes this one not, else
 * `sink_unavailable`. Takes as long as a command may take.
 */
export const redisFailure = async (error: unknown, redis: Redis): Promise<BillingSyncError> => {
  const answer = error instanceof Error && error.name === 'ReplyError' ? codeOf(error) : null
  const isWell = answer === null ? await isAnswering(redis) : !outages.has(answer)
  const reason = answer ?? (error instanceof Error ? error.name : 'no connection')
  const code = isWell ? 'sink_rejected' : 'sink_unavailable'
  return new BillingSyncError(code, { sink: 'Redis', reason }, { cause: error })
}

const isAnswering = (redis: Redis): Promise<boolean> =>
  redis.ping().then(
    () => true,
    () => false,
  )

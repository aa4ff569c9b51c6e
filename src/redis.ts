// Connections to Redis. Guarantees: a command fails within seconds while Redis is away or frozen, and never waits for it
// in a queue; Redis being away at the start is no error.

import { Redis, type RedisOptions } from 'ioredis'
import { grownPause } from './core/growing-pause.ts'

/** How long a command may take. */
const commandTimeoutMs = 4_000

/** Pauses between tries to connect. */
const reconnectPauses = { firstMs: 100, longestMs: 1_000 }

const options: RedisOptions = {
  connectTimeout: commandTimeoutMs,
  keepAlive: commandTimeoutMs,
  maxRetriesPerRequest: null,
  retryStrategy: (tries) => grownPause(reconnectPauses, tries - 1),
}

/** Returns a connection for commands that must be answered, or fail soon. */
export const openRedis = (url: string): Redis =>
  tolerant(new Redis(url, { ...options, enableOfflineQueue: false, commandTimeout: commandTimeoutMs }))

/** Returns a connection for reads that block, which wait for Redis to come back. */
export const openBlockingRedis = (url: string): Redis => tolerant(new Redis(url, options))

// Each failed command tells by itself; an event without a listener would end the process.
const tolerant = (redis: Redis): Redis => redis.on('error', () => undefined)

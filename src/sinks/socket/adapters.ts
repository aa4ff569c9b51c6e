// Socket.IO's own adapters, through which the packets of a channel reach the clients of this process.

import { createAdapter as createMongoAdapter } from '@socket.io/mongo-adapter'
import { createAdapter as createRedisAdapter } from '@socket.io/redis-streams-adapter'
import type { Redis } from 'ioredis'
import { openBlockingRedis } from '../../redis.ts'
import type { AdapterFactory } from './support-server.ts'

export interface OpenAdapter {
  readonly factory: AdapterFactory
  close(): Promise<void>
}

/** A collection of the driver, as the adapter takes it. */
export type PacketCollection = Parameters<typeof createMongoAdapter>[0]

/** How long a read of the stream waits; also how long the end of the adapter may take. */
const blockTimeInMs = 1_000

/** Returns the adapter that reads a stream of Redis. */
export const openRedisAdapter = (redisUrl: string, streamName: string): OpenAdapter => {
  const redis = openBlockingRedis(redisUrl)
  const duplicate = redis.duplicate.bind(redis)
  redis.duplicate = (options) => subscribingAgain(duplicate(options))
  return {
    factory: createRedisAdapter(redis, { streamName, blockTimeInMs, channelPrefix: streamName }) as never, // a function, as Socket.IO takes it
    close: async () => redis.disconnect(),
  }
}

// The adapter does not wait for its subscription: refused at the first connection, as with a wrong password, it would end the
// process with an error that quotes the password.
const subscribingAgain = (redis: Redis): Redis => {
  const subscribe = redis.subscribe.bind(redis) as (...channels: unknown[]) => Promise<unknown>
  const untilTaken = (...channels: unknown[]): Promise<unknown> =>
    subscribe(...channels).catch(() => redis.once('ready', () => untilTaken(...channels)))
  redis.subscribe = untilTaken as Redis['subscribe']
  return redis
}

/** Returns the adapter that watches a collection of MongoDB, a replica set's. */
export const openMongoAdapter = (packets: PacketCollection): OpenAdapter => ({
  factory: createMongoAdapter(packets, { addCreatedAtField: true }) as never, // a function, as Socket.IO takes it
  close: async () => undefined,
})

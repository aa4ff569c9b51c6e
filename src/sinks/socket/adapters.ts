// Socket.IO's own adapters, through which the packets of a channel reach the clients of this process.

import { createAdapter as createMongoAdapter } from '@socket.io/mongo-adapter'
import { createAdapter as createRedisAdapter } from '@socket.io/redis-streams-adapter'
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
  return {
    factory: createRedisAdapter(redis, { streamName, blockTimeInMs, channelPrefix: streamName }) as never, // a function, as Socket.IO takes it
    close: async () => redis.disconnect(),
  }
}

/** Returns the adapter that watches a collection of MongoDB, a replica set's. */
export const openMongoAdapter = (packets: PacketCollection): OpenAdapter => ({
  factory: createMongoAdapter(packets, { addCreatedAtField: true }) as never, // a function, as Socket.IO takes it
  close: async () => undefined,
})

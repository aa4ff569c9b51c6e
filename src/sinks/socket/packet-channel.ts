// How packets reach the clients of every process: written to what Socket.IO's adapter of each process reads, in the
// format of Socket.IO's emitters (https://socket.io/docs/v4/redis-streams-adapter/#emitter,
// https://socket.io/docs/v4/mongo-adapter/#emitter). Guarantee: `publish` resolves only once the packets are stored
// there. The adapters' own broadcast goes on without that: Redis' logs a failure, MongoDB's forgets it.

import type { Redis } from 'ioredis'
import { BillingSyncError } from '../../errors.ts'
import { openRedis } from '../../redis.ts'
import { notConnected, redisFailure } from '../redis-failure.ts'
import { eventPacket, packetFlags, roomOf, type SupportPacket, supportNamespace } from './packets.ts'

export interface PacketChannel {
  /** Tells an account's packets, in order. Throws `sink_unavailable`, `sink_rejected` or `mongodb_unavailable`. */
  publish(account: string, packets: readonly SupportPacket[]): Promise<void>
  close(): Promise<void>
}

/** Stores documents for the MongoDB adapter; resolves once they are durable. */
export type StorePackets = (documents: readonly Readonly<Record<string, unknown>>[]) => Promise<void>

/** Returns the stream that a database's Redis adapters read, by the database's identity. */
export const streamNameOf = (database: string): string => `billing-sync:support:${database}`

/** About how many packets it keeps for those that are behind, and how long: that of a database which is gone goes, too. */
const streamLength = 50_000
const streamKeptMs = 60 * 60 * 1000

/** Adapters take packets of an emitter from everywhere, their own process included. */
const emitter = 'emitter'

/** Socket.IO's number of a broadcast, the same in both adapters. */
const broadcast = 3

/** Returns the channel through a stream of Redis. */
export const openRedisChannel = (redisUrl: string, streamName: string): PacketChannel => {
  const redis = openRedis(redisUrl)
  return {
    publish: (account, packets) => addToStream(redis, streamName, { account, packets }),
    close: async () => redis.disconnect(),
  }
}

const addToStream = async (
  redis: Redis,
  streamName: string,
  { account, packets }: { readonly account: string; readonly packets: readonly SupportPacket[] },
): Promise<void> => {
  // All of a row or nothing: a row of which half is told would be told again from its start.
  const adding = redis.multi()
  for (const packet of packets) {
    const fields = {
      uid: emitter,
      nsp: supportNamespace,
      type: String(broadcast),
      data: JSON.stringify(broadcastOf(account, packet)),
    }
    adding.xadd(streamName, 'MAXLEN', '~', streamLength, '*', ...Object.entries(fields).flat())
  }
  adding.pexpire(streamName, streamKeptMs)
  const results = await adding.exec().catch(async (error: unknown) => {
    throw await redisFailure(error, redis)
  })
  if (results === null) throw notConnected()
  for (const [error] of results) if (error !== null) throw await redisFailure(error, redis)
}

/** Returns the channel through a collection that the MongoDB adapters watch. */
export const openMongoChannel = (storePackets: StorePackets): PacketChannel => ({
  publish: async (account, packets) => {
    const documents = packets.map((packet) => ({
      uid: emitter,
      nsp: supportNamespace,
      type: broadcast,
      data: broadcastOf(account, packet),
      createdAt: new Date(),
    }))
    await storePackets(documents).catch((error: unknown) => {
      if (error instanceof BillingSyncError) throw error
      throw new BillingSyncError('sink_rejected', { sink: 'MongoDB', reason: 'a packet' }, { cause: error })
    })
  },
  close: async () => undefined,
})

const broadcastOf = (account: string, { args }: SupportPacket) => ({
  packet: eventPacket(args),
  opts: { rooms: [roomOf(account)], except: [], flags: packetFlags },
})

// Joins the sinks to an open database: for `serve`, which keeps delivering, and for commands that end.

import type { Server } from 'node:http'
import type { Config } from '../../config/config.ts'
import type { SinkName } from '../../ports/outbox-store.ts'
import type { Sink, SinkListener } from '../../sinks/sink.ts'
import { SinkLanes } from '../../sinks/sink-lanes.ts'
import type { Database } from '../../store/database.ts'
import { MongoOutbox } from '../../store/outbox.ts'
import { storeQueueJobs } from '../../store/queue-jobs.ts'
import { socketPackets, storeSocketPackets } from '../../store/socket-packets.ts'
import type { RedisPlace } from './redis-place.ts'

export interface SinksRequest {
  readonly config: Config
  readonly database: Database
  /** Null where no Redis is configured. */
  readonly redis: RedisPlace | null
  /** The listener's server, on which Support clients connect; null where this process takes none. */
  readonly httpServer: Server | null
  readonly listener: SinkListener
}

export interface Sinks {
  /** Starts the delivery of what the account's last commits owe; call it after each commit. Never throws. */
  wake(account: string): void
  /** Sinks that do not answer at the moment. */
  unavailable(): readonly SinkName[]
  /** Number of Support clients connected to this process. */
  clients(): number
  /** Disconnects them: they come back to another process, which tells them what they missed. */
  disconnectClients(): void
  /** Waits until nothing is owed any more, for so long at most; answers false where something still is. */
  drain(patienceMs: number): Promise<boolean>
  /** Ends the delivery, and the connections of Support clients. Takes 3 s at most. */
  close(): Promise<void>
}

/** Opens the sinks that the configuration asks for. Redis being away is no error: deliveries wait for it. */
export const openSinks = async (request: SinksRequest): Promise<Sinks> => {
  const { database, redis, listener } = request
  const store = new MongoOutbox(database.db)
  const sinks = await Promise.all([openQueue(request), openSockets(request)])
  const server = await openServer(request, store)
  const lanes = sinks
    .filter((sink) => sink !== null)
    .map((sink) => new SinkLanes({ sink, store, listener, random: Math.random }))
  // Without Redis no commit of this process owes the queue anything.
  const woken = redis === null ? lanes.filter(({ name }) => name !== 'queue') : lanes
  return {
    wake: (account) => {
      for (const ofSink of woken) ofSink.wake(account)
    },
    unavailable: () => lanes.filter(({ isUnavailable }) => isUnavailable).map(({ name }) => name),
    clients: () => server?.clients() ?? 0,
    disconnectClients: () => server?.disconnectClients(),
    drain: async (patienceMs) =>
      (await Promise.all(lanes.map((ofSink) => ofSink.drain(patienceMs)))).every(Boolean),
    close: async () => {
      await Promise.all([server?.close(), ...lanes.map((ofSink) => ofSink.close())])
    },
  }
}

const openQueue = async ({
  config: { retentionMs },
  database: { db },
  redis,
  httpServer,
}: SinksRequest): Promise<Sink | null> => {
  if (redis === null) {
    // A command that somebody runs without the settings of `serve` must not take from Redis what waits for it.
    if (httpServer === null) return null
    const { openJobsSink } = await import('../../sinks/jobs-sink.ts')
    return openJobsSink((notices) => storeQueueJobs(db, notices, retentionMs))
  }
  const { openQueueSink } = await import('../../sinks/queue-sink.ts')
  return openQueueSink(redis.url, redis.database)
}

const openSockets = async ({ config, database: { db }, redis }: SinksRequest): Promise<Sink | null> => {
  if (config.socketSecret === undefined) return null
  const { openMongoChannel, openRedisChannel, streamNameOf } = await import(
    '../../sinks/socket/packet-channel.ts'
  )
  const { openSocketSink } = await import('../../sinks/socket/socket-sink.ts')
  return openSocketSink(
    redis === null
      ? openMongoChannel((packets) => storeSocketPackets(db, packets))
      : openRedisChannel(redis.url, streamNameOf(redis.database)),
  )
}

const openServer = async (
  { config: { socketSecret }, database: { db }, redis, httpServer, listener }: SinksRequest,
  history: MongoOutbox,
) => {
  if (socketSecret === undefined || httpServer === null) return null
  const { openSupportServer } = await import('../../sinks/socket/support-server.ts')
  const { streamNameOf } = await import('../../sinks/socket/packet-channel.ts')
  const { openMongoAdapter, openRedisAdapter } = await import('../../sinks/socket/adapters.ts')
  const adapter =
    redis === null
      ? openMongoAdapter(socketPackets(db))
      : openRedisAdapter(redis.url, streamNameOf(redis.database))
  const server = openSupportServer({
    ...{ httpServer, secret: socketSecret, adapter: adapter.factory, history },
    onToldLate: (account) => listener.onDeliveryFailed({ sink: 'socket', account }, 'sink_unavailable'),
  })
  return {
    clients: server.clients,
    disconnectClients: server.disconnectClients,
    close: async () => {
      await server.close()
      await adapter.close()
    },
  }
}

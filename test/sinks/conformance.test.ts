import { Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect } from 'vitest'
import type { Notice } from '../../src/core/notice.ts'
import { openQueueSink, queueName } from '../../src/sinks/queue-sink.ts'
import { openMongoAdapter, openRedisAdapter } from '../../src/sinks/socket/adapters.ts'
import {
  openMongoChannel,
  openRedisChannel,
  type PacketChannel,
  streamNameOf,
} from '../../src/sinks/socket/packet-channel.ts'
import { openSocketSink } from '../../src/sinks/socket/socket-sink.ts'
import { openSupportServer, type SupportServer } from '../../src/sinks/socket/support-server.ts'
import { ensureCollections } from '../../src/store/collections.ts'
import { databaseIdentity } from '../../src/store/database-identity.ts'
import { MongoOutbox } from '../../src/store/outbox.ts'
import { socketPackets, storeSocketPackets } from '../../src/store/socket-packets.ts'
import { startFaultServer } from '../support/fault-server.ts'
import { listenForFile } from '../support/listening-server.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { connectSupportClient, type SupportClient, socketSecret } from '../support/support-client.ts'
import { until } from '../support/until.ts'
import { type Receiver, sinkConforms } from './conformance.ts'

const { client, db, fail } = await startFaultServer()
await ensureCollections(db)
const database = await databaseIdentity(db)
const redis = await openRestartableRedis()

async function openRestartableRedis() {
  let server: RedisServer = await startRedisServer()
  const { url, port } = server
  afterAll(() => server.stop())
  return {
    url,
    goAway: async () => {
      await server.stop()
      return async () => {
        server = await startRedisServer({ port })
      }
    },
    /** Puts a text where a list or a stream should be: Redis refuses every command on it. */
    spoil: async (key: string) => {
      const admin = new Redis(url)
      await admin.rename(key, `${key}:aside`).catch(() => undefined)
      await admin.set(key, 'spoilt')
      return async () => {
        await admin.del(key)
        await admin.rename(`${key}:aside`, key).catch(() => undefined)
        admin.disconnect()
      }
    },
  }
}

/** Ids of the notices that a worker was given, by account, in order. */
const worked = new Map<string, string[]>()

const startWorker = () => {
  const work = async ({ data, id, name }: { data: Notice; id?: string; name: string }) => {
    const committedMs = new Date(data.at).getTime() // a job's data is JSON
    expect([id, name]).toEqual([`${database}-${data.id}-${committedMs}`, data.kind])
    worked.set(data.stripe_user_id, [...(worked.get(data.stripe_user_id) ?? []), data.id])
  }
  const worker = new Worker(queueName, work, { connection: { url: redis.url, maxRetriesPerRequest: null } })
  return worker.on('error', () => undefined)
}

const receiverOfQueue = (): Receiver => ({
  client,
  db,
  targets: { queue: 'redis', sockets: false },
  open: () => openQueueSink(redis.url, database),
  listen: async () => undefined,
  received: async (account) => worked.get(account) ?? [],
  goAway: redis.goAway,
  // The counter is the first thing that BullMQ touches.
  refuse: () => redis.spoil(`bull:${queueName}:id`),
  failMarks,
})

// What is sent is marked once; a claim is given back by a write that the driver sends again.
const failMarks = () =>
  fail(['update', 'delete'], { closeConnection: true, namespace: `${db.databaseName}.billing.outbox` }, 3)

// A server has one failpoint: set for a command that nobody sends, it is off for the others.
const relent = () => fail(['dropAllUsersFromDatabase'], { errorCode: 1 })

const openChannel = (through: 'redis' | 'mongodb'): PacketChannel =>
  through === 'redis'
    ? openRedisChannel(redis.url, streamNameOf(database))
    : openMongoChannel((packets) => storeSocketPackets(db, packets))

// An adapter that has just been made reads from some moment on: what is told before it is made up for seconds later.
const hear = async (
  { events }: SupportClient,
  account: string,
  { publish, close }: PacketChannel,
): Promise<void> => {
  await until(async () => {
    // A channel that is not connected yet refuses.
    await publish(account, [{ seq: 0, args: ['probe', null, '0-1'] }]).catch(() => undefined)
    return events.some(([event]) => event === 'probe')
  }, 'the first packet through the adapter')
  await close()
}

const receiverOfSockets = (through: 'redis' | 'mongodb', url: string): Receiver => {
  const clients = new Map<string, SupportClient>()
  return {
    client,
    db,
    targets: { queue: 'mongodb', sockets: true },
    open: () => openSocketSink(openChannel(through)),
    listen: async (account) => {
      const supportClient = await connectSupportClient(url, account)
      clients.set(account, supportClient)
      await supportClient.ready()
      await hear(supportClient, account, openChannel(through))
    },
    received: async (account) => clients.get(account)?.distinctNotices() ?? [],
    goAway:
      through === 'redis'
        ? redis.goAway
        : async () => {
            const namespace = `${db.databaseName}.socket.packets`
            const lost = { errorCode: 50, errorLabels: ['RetryableWriteError'], namespace }
            await fail(['insert'], lost)
            return relent
          },
    refuse:
      through === 'redis'
        ? () => redis.spoil(streamNameOf(database))
        : async () => {
            const namespace = `${db.databaseName}.socket.packets`
            await fail(['insert'], { errorCode: 121, namespace })
            return relent
          },
    failMarks,
  }
}

describe("BullMQ's queue", () => {
  let worker: Worker
  beforeAll(() => {
    worker = startWorker()
  })
  afterAll(() => worker.close(true))

  sinkConforms(receiverOfQueue())
})

describe.each(['redis', 'mongodb'] as const)('the Support sockets through %s', async (through) => {
  const server = await listenForFile()
  const adapter =
    through === 'redis'
      ? openRedisAdapter(redis.url, streamNameOf(database))
      : openMongoAdapter(socketPackets(db))
  let supportServer: SupportServer
  beforeAll(() => {
    const history = new MongoOutbox(db)
    supportServer = openSupportServer({
      httpServer: server.httpServer,
      secret: socketSecret,
      adapter: adapter.factory,
      history,
      onToldLate: () => undefined,
    })
  })
  afterAll(async () => {
    await supportServer.close()
    await adapter.close()
  })

  sinkConforms(receiverOfSockets(through, server.url))
})

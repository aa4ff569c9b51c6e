// Two databases on one Redis, such as those of live and test mode, in which one account has the same numbers.

import { tmpdir } from 'node:os'
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { afterAll, expect, test } from 'vitest'
import { openSinks } from '../../src/commands/opening/open-sinks.ts'
import { redisPlaceOf } from '../../src/commands/opening/redis-place.ts'
import { loadConfig } from '../../src/config/config.ts'
import { queueName } from '../../src/sinks/queue-sink.ts'
import { streamNameOf } from '../../src/sinks/socket/packet-channel.ts'
import { openDatabase } from '../../src/store/database.ts'
import { databaseIdentity } from '../../src/store/database-identity.ts'
import { commitChanges } from '../support/commits.ts'
import { openTestDatabase } from '../support/database.ts'
import { listenForFile } from '../support/listening-server.ts'
import { openTestRedis } from '../support/redis-server.ts'
import { connectSupportClient, socketSecret } from '../support/support-client.ts'

const redis = await openTestRedis()
const observer = new Redis(redis.url, { maxRetriesPerRequest: null })
const queue = new Queue(queueName, { connection: observer })
afterAll(async () => {
  await queue.close()
  observer.disconnect()
})

const account = 'acct_of_both'
const patience = { timeout: 20_000, interval: 20 }

/** Opens a database and all that is told of it, as `serve` does. */
const openOne = async () => {
  const config = await loadConfig({ mongodbUri: (await openTestDatabase()).uri }, tmpdir())
  const silent = { onProgress: () => undefined, onEmbedded: () => undefined }
  const database = await openDatabase(config, silent)
  const { httpServer, url } = await listenForFile()
  const listener = {
    onDelivered: () => undefined,
    onDeliveryFailed: () => undefined,
    onDeliveryDead: () => undefined,
  }
  const sinks = await openSinks({
    ...{ config: { ...config, socketSecret }, database, httpServer, listener },
    redis: await redisPlaceOf({ redisUrl: redis.url }, database),
  })
  afterAll(async () => {
    await sinks.close()
    await database.close()
  })
  const commit = async (charges: number) => {
    const { client, db } = database
    await commitChanges({ client, db, targets: { queue: 'redis', sockets: true } }, account, { charges })
    sinks.wake(account)
  }
  return { commit, url, identity: await databaseIdentity(database.db) }
}

const live = await openOne()
const other = await openOne()

test('notices of the same numbers are jobs of their own, and clients hear of their own database alone', async () => {
  const clients = await Promise.all([live, other].map(({ url }) => connectSupportClient(url, account)))
  await Promise.all(clients.map((client) => client.ready()))
  await live.commit(1)
  await other.commit(2)
  const jobs = [
    `${live.identity}-${account}-1-1`,
    ...[1, 2].map((number) => `${other.identity}-${account}-1-${number}`),
  ]
  // Its id ends with the time of the commit.
  const queued = async () => (await queue.getJobs(['waiting'])).map(({ id }) => id?.replace(/-\d+$/, ''))
  await expect.poll(async () => (await queued()).toSorted(), patience).toEqual(jobs.toSorted())
  for (const [index, count] of [1, 2].entries())
    await expect.poll(() => clients[index]?.distinctNotices().length, patience).toBe(count)
  // One more of each: by the time that it is told, anything of the other one's would have come.
  await other.commit(1)
  await live.commit(1)
  for (const [index, count] of [2, 3].entries())
    await expect.poll(() => clients[index]?.distinctNotices().length, patience).toBe(count)
})

test('what a database that is gone has told its clients does not stay in Redis', async () => {
  await live.commit(1)
  await expect.poll(() => observer.pttl(streamNameOf(live.identity)), patience).toBeGreaterThan(0)
})

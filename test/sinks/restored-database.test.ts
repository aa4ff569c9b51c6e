// A database whose files were put back from a copy: it keeps its identity and gives its numbers again, while Redis still
// has the jobs of the commits that are lost.

import { tmpdir } from 'node:os'
import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { afterAll, expect, test } from 'vitest'
import { openSinks } from '../../src/commands/opening/open-sinks.ts'
import { redisPlaceOf } from '../../src/commands/opening/redis-place.ts'
import { loadConfig } from '../../src/config/config.ts'
import { queueName } from '../../src/sinks/queue-sink.ts'
import { openDatabase } from '../../src/store/database.ts'
import { databaseIdentity } from '../../src/store/database-identity.ts'
import { commitChanges } from '../support/commits.ts'
import { prepareMongodServer } from '../support/mongod-server.ts'
import { openTestRedis } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

const redis = await openTestRedis()
const mongod = await prepareMongodServer()
const observer = new Redis(redis.url, { maxRetriesPerRequest: null })
const queue = new Queue(queueName, { connection: observer })
afterAll(async () => {
  await queue.close()
  observer.disconnect()
})

const account = 'acct_restored'
const silent = { onProgress: () => undefined, onEmbedded: () => undefined }
const listener = {
  onDelivered: () => undefined,
  onDeliveryFailed: () => undefined,
  onDeliveryDead: () => undefined,
}

/** Commits a change, as a process does that is started for it, and tells the notice's id once it is delivered. */
const commitOne = async () => {
  await mongod.start()
  const config = await loadConfig({ mongodbUri: mongod.uri }, tmpdir())
  const database = await openDatabase(config, silent)
  const { client, db } = database
  const sinks = await openSinks({
    ...{ config, database, httpServer: null, listener },
    redis: await redisPlaceOf({ redisUrl: redis.url }, database),
  })
  const [id = ''] = await commitChanges({ client, db, targets: { queue: 'redis', sockets: false } }, account)
  sinks.wake(account)
  // A server that was started just now may answer no look in time.
  await until(() => sinks.drain(1_000), 'the notice delivered')
  const identity = await databaseIdentity(db)
  await sinks.close()
  await database.close()
  return { id, identity }
}

test('a restored database tells its new notices from those of before, though their ids are the same', async () => {
  await commitOne()
  await mongod.backUp()
  const lost = await commitOne()
  await mongod.restore()
  const again = await commitOne()
  expect(again).toEqual(lost)
  const jobs = await queue.getJobs(['waiting'])
  const times = jobs.filter(({ data }) => data.id === lost.id).map(({ data }) => data.at)
  expect([jobs.length, new Set(times).size]).toEqual([3, 2])
})

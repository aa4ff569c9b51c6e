// A Redis without memory that must not evict, and one that lets nobody at the queue: each holds up what goes there, and
// nothing else.

import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { afterAll, afterEach, expect, test } from 'vitest'
import { queueName } from '../../src/sinks/queue-sink.ts'
import { openTestDatabase } from '../support/database.ts'
import { fixtureAccount, numberedEvent } from '../support/deliveries.ts'
import { openTestRedis } from '../support/redis-server.ts'
import { webhookSecret as secret, startServeForFile } from '../support/serve-process.ts'
import { deliver } from '../support/stripe/deliver.ts'
import { connectSupportClient, socketSecret } from '../support/support-client.ts'
import { untilStored } from '../support/until.ts'

const { db, uri } = await openTestDatabase()
const redis = await openTestRedis()
const admin = new Redis(redis.url)
const observer = new Redis(redis.url, { maxRetriesPerRequest: null })
const queue = new Queue(queueName, { connection: observer })
afterAll(async () => {
  await queue.close()
  for (const connection of [admin, observer]) connection.disconnect()
})
const env = { REDIS_URL: redis.url, SOCKET_SECRET: socketSecret }
const serve = await startServeForFile({ uri, env })

const events = db.collection('billing.events')
const outbox = db.collection('billing.outbox')

const handle = async (...numbers: readonly number[]): Promise<void> => {
  const sent = numbers.map((number) => ({ ...numberedEvent(number) }))
  const results = await deliver(sent, { url: serve.webhooks, secret })
  expect(results.map(({ status }) => status)).toEqual(numbers.map(() => 200))
  const stored = { event_id: { $in: sent.map(({ id }) => id) }, status: 'done' }
  await untilStored(events, stored, numbers.length)
}

const connect = async () => {
  const support = await connectSupportClient(serve.url, fixtureAccount)
  await support.ready()
  return support
}

/** Ids of the notices in the queue, the oldest first. */
const queued = async () => (await queue.getJobs(['waiting'], 0, -1, true)).map(({ data }) => data.id)

const degraded = async (): Promise<readonly string[]> => {
  const answer: { readonly degraded: readonly string[] } = JSON.parse(
    await (await fetch(`${serve.url}/readyz`)).text(),
  )
  return answer.degraded
}

const patience = { timeout: 20_000, interval: 20 }

afterEach(async () => {
  await admin.config('SET', 'maxmemory', '0')
  await queue.obliterate({ force: true })
})

test('a Redis without memory holds up its notices alone, and loses none', async () => {
  const support = await connect()
  // Until the adapter has read its first packet, one may slip between two of its reads, and is told again later.
  await handle(0)
  await expect.poll(support.notices, patience).toHaveLength(1)
  const before = support.notices()
  await expect.poll(queued, patience).toEqual(before)
  for (const sink of ['queue', 'socket']) {
    const line = await serve.awaitLine(({ msg }) => msg === `notices for the ${sink} were delivered`)
    expect(line).toMatchObject({ level: 30, sink, account: fixtureAccount, count: 1 })
  }
  await admin.config('SET', 'maxmemory', '1')
  await handle(1, 2, 3)
  for (const sink of ['queue', 'socket']) {
    const line = await serve.awaitLine(({ msg }) => msg === `notices for the ${sink} were not confirmed`)
    expect(line).toMatchObject({ code: 'sink_unavailable', sink, account: fixtureAccount })
  }
  await expect.poll(degraded, patience).toEqual(['redis_unavailable'])
  await handle(4)
  const owed = await outbox.find({ sink: 'queue' }).sort({ seq: 1 }).toArray()
  const ids = owed.flatMap(({ notices }) => notices).map(({ id }) => id)
  expect(ids).toHaveLength(4)
  expect(owed.map(({ status, attempts }) => [status, attempts])).toEqual(owed.map(() => ['pending', 0]))
  expect([await queued(), support.notices()]).toEqual([before, before])

  await admin.config('SET', 'maxmemory', '0')
  await untilStored(outbox, { status: 'pending' }, 0)
  expect(await queued()).toEqual([...before, ...ids])
  await expect.poll(support.distinctNotices, patience).toEqual([...before, ...ids])
  await expect.poll(degraded, patience).toEqual([])
})

test('a queue that is away does not delay the Support UI', async () => {
  const support = await connect()
  const before = support.distinctNotices().length
  const permit = (keys: string) => admin.call('ACL', 'SETUSER', 'default', 'resetkeys', keys)
  await permit('~billing-sync:*')
  await handle(5)
  await expect.poll(degraded, patience).toEqual(['redis_unavailable'])
  await handle(6)
  await expect.poll(() => support.distinctNotices().length, patience).toBe(before + 2)
  expect(await outbox.countDocuments({ sink: 'queue', status: 'pending', attempts: 0 })).toBe(2)
  await permit('~*')
  await untilStored(outbox, { status: 'pending' }, 0)
  expect(await queued()).toEqual(support.distinctNotices().slice(before))
})

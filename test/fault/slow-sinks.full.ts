// Everything that could pile up in a process, at once: a backlog, large bodies over many connections, a Redis that does
// not answer, and a Support client that does not read.

import { setTimeout as wait } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { ensureCollections } from '../../src/store/collections.ts'
import { openTestDatabase } from '../support/database.ts'
import { deliveryOf, numberedEvent } from '../support/deliveries.ts'
import { watchProcess } from '../support/process-usage.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { ingest } from '../support/running-workers.ts'
import {
  type ServeEnd,
  type ServeProcess,
  webhookSecret as secret,
  startServeForTest,
} from '../support/serve-process.ts'
import { deliver } from '../support/stripe/deliver.ts'
import { connectSupportClient, socketSecret } from '../support/support-client.ts'
import { untilStored } from '../support/until.ts'

const database = await openTestDatabase()
const { db, uri } = database
const events = db.collection('billing.events')

const longTest = 240_000

const accounts = Array.from({ length: 10 }, (_, index) => `acct_sink${index}`)
const backlog = 10_000

/** Bodies of a mebibyte, so many at once. */
const largeBodies = 192
const connections = 64

const heapMegabytes = 192
const memoryLimit = 400 * 1e6

/** Nobody sends again sooner than this. */
const retryMs = 200

const fill = async (): Promise<void> => {
  for (let from = 0; from < backlog; from += 500) {
    const numbers = Array.from({ length: 500 }, (_, index) => from + index)
    const deliveries = numbers.map((number) =>
      deliveryOf({ ...numberedEvent(number), account: accounts[number % accounts.length] ?? '' }),
    )
    await ingest(database, ...deliveries)
  }
}

/** Sends large events until each is acknowledged; returns how often one was refused. Rejects once nobody listens any more. */
const sendLarge = async ({ webhooks: url, ended }: ServeProcess): Promise<number> => {
  const end = { told: null as ServeEnd | null }
  void ended.then((told) => Object.assign(end, { told }))
  const description = 'x'.repeat(1024 * 1024)
  const numbers = Array.from({ length: largeBodies }, (_, index) => backlog + index).values()
  let refused = 0
  const lane = async (): Promise<void> => {
    for (const number of numbers) {
      const event = { ...numberedEvent(number, { changes: { description } }), account: 'acct_large' }
      while ((await deliver([event], { url, secret }))[0]?.status !== 200) {
        if (end.told !== null) throw new TypeError(`serve ended: ${end.told.stderr.slice(-1_000)}`)
        refused += 1
        await wait(retryMs)
      }
    }
  }
  await Promise.all(Array.from({ length: connections }, lane))
  return refused
}

test('a process keeps within its memory while nobody takes what it tells', {
  timeout: longTest,
}, async () => {
  await ensureCollections(db)
  const redis = await startRedisServer()
  onTestFinished(() => redis.stop())
  const serve = await startServeForTest({
    uri,
    env: {
      NODE_OPTIONS: `--max-old-space-size=${heapMegabytes}`,
      REDIS_URL: redis.url,
      SOCKET_SECRET: socketSecret,
    },
  })
  const usage = watchProcess(serve.pid)
  const support = await connectSupportClient(serve.url, accounts[0] ?? '', { reconnection: false })
  await support.ready()
  support.stopReading()
  process.kill(redis.pid, 'SIGSTOP')
  const filled = fill()
  const refused = await sendLarge(serve)
  await filled
  await untilStored(events, { status: 'done' }, backlog + largeBodies)
  const owed = await db.collection('billing.outbox').countDocuments({ status: 'pending' })
  expect(owed).toBeGreaterThan(0)
  process.kill(redis.pid, 'SIGCONT')
  await untilStored(db.collection('billing.outbox'), { status: 'pending' }, 0)
  expect(await serve.stop()).toMatchObject({ exitCode: 0 })
  const { peakBytes } = usage.stop()
  console.log(JSON.stringify({ refused, owed, peakMegabytes: Math.round((peakBytes ?? 0) / 1e6) }))
  expect(peakBytes ?? 0).toBeGreaterThan(0)
  expect(peakBytes ?? 0).toBeLessThan(memoryLimit)
})

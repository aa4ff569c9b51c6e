// `serve` whose Redis is not there, and comes.

import { Queue } from 'bullmq'
import { expect, onTestFinished, test } from 'vitest'
import { wakesQueueOf } from '../../../src/sources/inbox-work/shared-wakes.ts'
import { databaseIdentity } from '../../../src/store/database-identity.ts'
import { openTestDatabase } from '../../support/database.ts'
import { fixtureAccount, numberedEvent } from '../../support/deliveries.ts'
import { listen } from '../../support/listening-server.ts'
import { startRedisServer } from '../../support/redis-server.ts'
import { startServeForTest, webhookSecret } from '../../support/serve-process.ts'
import { deliver } from '../../support/stripe/deliver.ts'

const { uri, db } = await openTestDatabase()

test('a Redis that does not answer is named once, and once it is back', async () => {
  const { url, close } = await listen()
  await close()
  const { port } = new URL(url)
  const serve = await startServeForTest({ uri, env: { REDIS_URL: `redis://:sekret@127.0.0.1:${port}` } })
  const told = () => serve.log.filter(({ msg }) => /^Redis /.test(String(msg)))
  const line = await serve.awaitLine(({ msg }) => String(msg).includes('REDIS_URL'))
  expect(line).toMatchObject({ level: 40, code: 'sink_unavailable' })
  const redis = await startRedisServer({ port: Number(port) })
  try {
    await serve.awaitLine(({ msg }) => msg === 'Redis answers again')
    expect(told()).toHaveLength(2)
    expect(JSON.stringify(serve.log)).not.toContain('sekret')
    expect((await serve.stop()).exitCode).toBe(0)
    expect(told()).toHaveLength(2)
  } finally {
    await redis.stop()
  }
})

test('a serve that only takes in wakes those that work over Redis', async () => {
  const redis = await startRedisServer()
  onTestFinished(() => redis.stop())
  const serve = await startServeForTest({
    uri,
    args: ['--role', 'ingest'],
    env: { REDIS_URL: redis.url },
  })
  const queue = new Queue(wakesQueueOf(await databaseIdentity(db)), { connection: { url: redis.url } })
  onTestFinished(() => queue.close())
  let number = 0
  // What comes before Redis is reached wakes nobody.
  const wokenAfterOneMore = async (): Promise<readonly string[]> => {
    number += 1
    await deliver([{ ...numberedEvent(number) }], { url: serve.webhooks, secret: webhookSecret })
    return (await queue.getWaiting()).map(({ name }) => name)
  }
  await expect.poll(wokenAfterOneMore, { timeout: 30_000 }).toEqual([fixtureAccount])
  expect((await serve.stop()).exitCode).toBe(0)
})

import { expect, test } from 'vitest'
import { startFaultServer } from '../../support/fault-server.ts'
import { openTestRedis } from '../../support/redis-server.ts'
import { startServeForTest } from '../../support/serve-process.ts'

const mongod = await startFaultServer()
const redis = await openTestRedis()

// What the one asks is asked before the work is opened, what the other asks before webhooks are taken in.
test.each(['distinct', 'find'])('a start waits for a MongoDB that goes away again: %s', async (command) => {
  // The driver asks each question twice.
  const namespace = `${mongod.db.databaseName}.billing.accounts`
  await mongod.fail([command], { closeConnection: true, namespace }, 4)
  const serve = await startServeForTest({ uri: mongod.uri })
  expect(serve.log).toContainEqual(expect.objectContaining({ code: 'mongodb_unavailable' }))
  expect((await serve.stop('SIGTERM')).exitCode).toBe(0)
})

// With Redis the database is asked who it is, by a command of which its collections' making asks one.
test.each(['all', 'ingest'])('a start with Redis waits for it as well: --role %s', async (role) => {
  await mongod.failAfter(1, ['listCollections'], { closeConnection: true })
  const options = { env: { REDIS_URL: redis.url }, args: ['--role', role] }
  const serve = await startServeForTest({ uri: mongod.uri, ...options, until: 'listening' })
  await serve.awaitLine(({ code }) => code === 'mongodb_unavailable')
  await mongod.relent()
  await serve.awaitLine(({ msg }) => msg === 'serving')
  expect((await serve.stop('SIGTERM')).exitCode).toBe(0)
})

test('a signal ends that wait: nothing was under way', async () => {
  await mongod.fail(['distinct'], { closeConnection: true })
  const serve = await startServeForTest({ uri: mongod.uri, until: 'listening' })
  await serve.awaitLine(({ code }) => code === 'mongodb_unavailable')
  expect((await serve.stop('SIGTERM')).exitCode).toBe(0)
})

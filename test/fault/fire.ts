// Two processes that serve one database over Redis, and everything that can be done to them and to what they stand on.

import { setTimeout as wait } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import type { MongodServer } from '../support/mongod-server.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { type ServeProcess, startServeForTest } from '../support/serve-process.ts'

export interface Fire {
  /** Where webhooks are taken now. */
  urls(): readonly string[]
  /** Does one thing of the kind, and waits until it is over. */
  strike(kind: Strike): Promise<void>
  /** How often each was done. */
  readonly struck: ReadonlyMap<Strike, number>
  /** Ends both processes; the database and Redis stay. */
  end(): Promise<void>
}

const strikes = {
  'kill serve': 'SIGKILL of one process, as soon as 0 to 0.7 s after it began to serve',
  'kill mongod': 'SIGKILL, and a start on the same data',
  'freeze mongod': 'SIGSTOP for up to 2 s',
  'step down': 'the primary steps down for a second',
  'fail commits': 'answers of three commits get lost, or the server says that it shuts down',
  'kill Redis': 'SIGKILL, and a start with nothing in it',
  'freeze Redis': 'SIGSTOP for up to 2 s',
} as const

export type Strike = keyof typeof strikes
export const allStrikes = Object.keys(strikes) as readonly Strike[] // the table's own keys

const longestFreezeMs = 2_000
const longestLifeMs = 700

/** Starts both processes. */
export const openFire = async (mongod: MongodServer, random: () => number): Promise<Fire> => {
  const admin = new MongoClient(mongod.uri)
  let redis = await startRedisServer()
  const env = { REDIS_URL: redis.url, LOG_LEVEL: 'info' }
  const start = () => startServeForTest({ uri: mongod.uri, env })
  const serves: ServeProcess[] = [await start(), await start()]
  const struck = new Map<Strike, number>()
  const handlers: Readonly<Record<Strike, () => Promise<unknown>>> = {
    'kill serve': async () => {
      await wait(random() * longestLifeMs)
      const index = Math.floor(random() * serves.length)
      const [victim] = serves.splice(index, 1)
      await victim?.stop('SIGKILL')
      serves.push(await start())
    },
    'kill mongod': async () => {
      await mongod.kill()
      await mongod.start()
    },
    'freeze mongod': async () => {
      mongod.freeze()
      await wait(random() * longestFreezeMs)
      mongod.thaw()
    },
    'step down': () =>
      admin
        .db('admin')
        .command({ replSetStepDown: 1, secondaryCatchUpPeriodSecs: 0, force: true })
        .catch(() => undefined),
    'fail commits': () =>
      admin.db('admin').command({
        configureFailPoint: 'failCommand',
        mode: { times: 3 },
        data: {
          failCommands: ['commitTransaction'],
          ...(random() < 0.5 ? { closeConnection: true } : { errorCode: 91 }),
        },
      }),
    'kill Redis': async () => {
      redis = await startAgain(redis)
    },
    'freeze Redis': async () => {
      process.kill(redis.pid, 'SIGSTOP')
      await wait(random() * longestFreezeMs)
      process.kill(redis.pid, 'SIGCONT')
    },
  }
  return {
    urls: () => serves.map(({ webhooks }) => webhooks),
    strike: async (kind) => {
      await handlers[kind]()
      struck.set(kind, (struck.get(kind) ?? 0) + 1)
    },
    struck,
    end: async () => {
      await Promise.all(serves.map((serve) => serve.stop('SIGTERM')))
      await admin.close()
      await redis.stop()
    },
  }
}

const startAgain = async (redis: RedisServer): Promise<RedisServer> => {
  await redis.stop()
  return startRedisServer({ port: redis.port })
}

// A server that freezes while a command opens its database.

import { setTimeout as wait } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { expect, test } from 'vitest'
import { startProgram } from '../support/billing-sync.ts'
import { prepareMongodServer } from '../support/mongod-server.ts'

const mongod = await prepareMongodServer()

test('a signal ends a command whose server froze in its start', { timeout: 60_000 }, async () => {
  await mongod.start()
  const client = await MongoClient.connect(mongod.uri)
  const listing = { failCommands: ['listCollections'], blockConnection: true, blockTimeMS: 3_000 }
  await client.db('admin').command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data: listing })
  await client.close()
  const child = startProgram(['replay', '-'], { env: { MONGODB_URI: mongod.uri } })
  await wait(1_800)
  mongod.freeze()
  child.kill('SIGTERM')
  const { exitCode } = await Promise.race([child, wait(10_000, { exitCode: 'none yet' }, { ref: false })])
  child.kill('SIGKILL')
  mongod.thaw()
  expect(exitCode).toBe(143)
})

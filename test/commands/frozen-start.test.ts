// A server that freezes while a command opens its database.

import { MongoClient } from 'mongodb'
import { expect, onTestFinished, test } from 'vitest'
import { startProgram } from '../support/billing-sync.ts'
import { prepareMongodServer } from '../support/mongod-server.ts'

const mongod = await prepareMongodServer()

/** Far less than any wait for a server; longer than a busy machine takes to end a program. */
const soonMs = 10_000

test('a signal ends a command whose server froze in its start', { timeout: 90_000 }, async () => {
  await mongod.start()
  const client = await MongoClient.connect(mongod.uri)
  onTestFinished(() => client.close())
  onTestFinished(() => mongod.thaw())
  const admin = client.db('admin')
  const held = { failCommands: ['listCollections'], blockConnection: true, blockTimeMS: 60_000 }
  const { count } = await admin.command({ configureFailPoint: 'failCommand', mode: 'alwaysOn', data: held })
  const child = startProgram(['replay', '-'], { env: { MONGODB_URI: mongod.uri } })
  onTestFinished(() => void child.kill('SIGKILL'))
  await admin.command({ waitForFailPoint: 'failCommand', timesEntered: count + 1, maxTimeMS: 60_000 })
  mongod.freeze()
  const signalled = performance.now()
  child.kill('SIGTERM')
  expect((await child).exitCode).toBe(143)
  expect(performance.now() - signalled).toBeLessThan(soonMs)
})

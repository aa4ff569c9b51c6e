import { expect, test } from 'vitest'
import { startFaultServer } from '../../support/fault-server.ts'
import { startServeForTest } from '../../support/serve-process.ts'

const mongod = await startFaultServer()

test('a start waits for a MongoDB that goes away again once the database is open', async () => {
  // The driver asks each question twice.
  const namespace = `${mongod.db.databaseName}.billing.accounts`
  await mongod.fail(['find'], { closeConnection: true, namespace }, 4)
  const serve = await startServeForTest({ uri: mongod.uri })
  expect(serve.log).toContainEqual(expect.objectContaining({ code: 'mongodb_unavailable' }))
  expect((await serve.stop('SIGTERM')).exitCode).toBe(0)
})

import { setImmediate as nextTurnOfLoop } from 'node:timers/promises'
import { MongoError } from 'mongodb'
import { expect, test } from 'vitest'
import { GatheredReads } from '../../src/store/gathered-reads.ts'
import { startFaultServer } from '../support/fault-server.ts'

const mongod = await startFaultServer()

/** Server error 11602 InterruptedDueToReplStateChange: a primary that steps down answers it to all that is under way. */
const steppingDown = { errorCode: 11_602, blockConnection: true, blockTimeMS: 300 }

test('what a primary that steps down cut off fails as such, beside gathered reads that it cut off', async () => {
  const { db } = mongod
  const notes = db.collection('notes')
  // Later ones find a connection each: all are under way at once.
  await Promise.all(Array.from({ length: 20 }, () => notes.findOne()))
  await mongod.fail(['aggregate', 'update'], steppingDown)
  const read = new GatheredReads(db).find('notes', { n: 1 }, { by: '_id' })
  // What is cut off after it is what would go wrong.
  await nextTurnOfLoop()
  const writes = Array.from({ length: 20 }, (_, n) =>
    db.command({ update: 'notes', updates: [{ q: { n }, u: { n } }] }),
  )
  const [first, ...others] = await Promise.allSettled([read, ...writes])
  expect(first).toMatchObject({ status: 'rejected', reason: { code: 'mongodb_unavailable' } })
  for (const ending of others)
    expect(ending).toMatchObject({ status: 'rejected', reason: expect.any(MongoError) })
})

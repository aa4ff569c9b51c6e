import { setImmediate as nextTurnOfLoop } from 'node:timers/promises'
import { MongoError } from 'mongodb'
import { beforeEach, describe, expect, test } from 'vitest'
import { ensureCollections } from '../../src/store/collections.ts'
import { GatheredReads } from '../../src/store/gathered-reads.ts'
import { renameAccount } from '../../src/store/rename-account.ts'
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

describe('a rename of an account', () => {
  const customers = mongod.db.collection<{ _id: string; stripe_user_id: string }>('billing.customers')
  /** What the next command meets of a transaction that the server ended between two commands. */
  const endedTransaction = { errorCode: 251, errorLabels: ['TransientTransactionError'] }

  beforeEach(async () => {
    await ensureCollections(mongod.db)
    await customers.deleteMany({})
    await customers.insertOne({ _id: 'platform:cus_1', stripe_user_id: 'platform' })
  })

  const rename = () => renameAccount(mongod.client, mongod.db, { from: 'platform', to: 'acct_platform' })

  test('says so where the server ends its transaction each time, as one that lasts too long, and changes nothing', async () => {
    await mongod.fail(['insert'], endedTransaction)
    await expect(rename()).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(
        /MongoDB ended the transaction .* too much for one; .* another database/,
      ),
    })
    expect(await customers.find().toArray()).toMatchObject([{ _id: 'platform:cus_1' }])
  })

  test('is tried again where the server ended its transaction once, as one that steps down does', async () => {
    await mongod.fail(['insert'], endedTransaction, 1)
    await rename()
    expect(await customers.find().toArray()).toMatchObject([{ _id: 'acct_platform:cus_1' }])
  })
})

import { MongoClient } from 'mongodb'
import { expect, onTestFinished, test } from 'vitest'
import type { Commit } from '../../src/ports/pipeline-store.ts'
import { openAbandonedTransactions } from '../../src/store/abandoned-transactions.ts'
import { openAccountRow } from '../../src/store/accounts.ts'
import { ensureCollections } from '../../src/store/collections.ts'
import { commitBatch, holdAccount } from '../../src/store/commit-batch.ts'
import { driverName } from '../../src/store/database.ts'
import { startFaultServer } from '../support/fault-server.ts'

const account = 'acct_1'

// One of its own: what transactions are open is looked at, and they are ended.
const server = await startFaultServer()
const admin = server.client.db('admin')

// As on a server of the user's own: the embedded one would end by itself what is held here for long.
await admin.command({ setParameter: 1, transactionLifetimeLimitSeconds: 60 })

/** An account that nobody has committed to, and what may be done with it. */
const openAccount = async () => {
  const client = new MongoClient(server.uri, {
    writeConcern: { w: 'majority' },
    driverInfo: { name: driverName },
    monitorCommands: true,
  })
  const db = client.db('held')
  onTestFinished(async () => {
    await db.dropDatabase()
    await client.close()
  })
  await ensureCollections(db)
  await openAccountRow(db, account)
  const target = { client, db, retentionMs: 60_000 }
  const charge = { _id: `${account}:ch_1`, stripe_id: 'ch_1', stripe_user_id: account }
  const commit = (seq: number): Commit => ({
    ...{ account, seq, now: new Date(), notices: [], settlements: [] },
    writes: seq === 0 ? [{ kind: 'insert', collection: 'billing.charges', document: charge }] : [],
  })
  let reads = 0
  client.on('commandStarted', ({ commandName }) => {
    if (commandName === 'find') reads += 1
  })
  return {
    commit,
    hold: () => holdAccount(account, target),
    endAbandoned: openAbandonedTransactions(client),
    /** Reads that were asked for. */
    reads: () => reads,
    run: (seq: number) => commitBatch(commit(seq), target),
    removeRow: () => db.collection<{ _id: string }>('billing.accounts').deleteOne({ _id: account }),
    state: async () => ({
      seq: (await openAccountRow(db, account)).seq,
      charges: await db.collection('billing.charges').countDocuments(),
    }),
  }
}

/** For how long the longest transaction has been open. */
const openSeconds = async (): Promise<number> => {
  const transactions = await admin
    .aggregate([{ $currentOp: { idleSessions: true } }, { $match: { transaction: { $exists: true } } }])
    .toArray()
  return Math.max(0, ...transactions.map(({ transaction }) => transaction.timeOpenMicros / 1e6))
}

const patience = { timeout: 20_000, interval: 100 }

test('a held account commits once, while the commits of all others are lost', async () => {
  const { hold, run, commit, state } = await openAccount()
  const held = await hold()
  expect(await hold()).toBeNull()
  expect(await run(0)).toBe(false)
  expect(await state()).toEqual({ seq: 0, charges: 0 })
  expect(await held?.commit(commit(0))).toBe(true)
  expect(await state()).toEqual({ seq: 1, charges: 1 })
  expect(await run(1)).toBe(true)
})

test('what was read before the account was held is not committed', async () => {
  const { hold, run, commit, state } = await openAccount()
  await run(0)
  const held = await hold()
  expect(await held?.commit({ ...commit(1), seq: 0 })).toBe(false)
  await held?.release()
  expect(await state()).toEqual({ seq: 1, charges: 1 })
})

test('a batch may be folded for longer than an abandoned transaction is left', async () => {
  const { hold, commit, state, endAbandoned } = await openAccount()
  const held = await hold()
  await expect
    .poll(() => {
      endAbandoned()
      return openSeconds()
    }, patience)
    .toBeGreaterThan(6)
  expect(await held?.commit(commit(0))).toBe(true)
  expect(await state()).toEqual({ seq: 1, charges: 1 })
})

test('an account is given back as soon as MongoDB answers the read that shows that it is not abandoned', async () => {
  const { hold, reads } = await openAccount()
  const held = await hold()
  await server.fail(['find'], { blockConnection: true, blockTimeMS: 3_000 })
  await expect.poll(openSeconds, patience).toBeGreaterThan(3.5)
  const before = reads()
  await held?.release()
  expect(before).toBeGreaterThan(0)
  expect(reads()).toBe(before)
})

test('a batch whose transaction was ended after seconds is too slow, and no loss to others', async () => {
  const { hold, commit, state } = await openAccount()
  const held = await hold()
  await expect.poll(openSeconds, patience).toBeGreaterThan(3.5)
  await admin.command({ killAllSessions: [] })
  await expect(held?.commit(commit(0))).rejects.toMatchObject({ code: 'commit_too_slow' })
  expect(await state()).toEqual({ seq: 0, charges: 0 })
})

test('a row that somebody removed is made anew for the next try', async () => {
  const { hold, commit, removeRow, state } = await openAccount()
  await removeRow()
  expect(await hold()).toBeNull()
  const held = await hold()
  expect(await held?.commit(commit(0))).toBe(true)
  expect(await state()).toEqual({ seq: 1, charges: 1 })
})

test('an account that is given back is as it was, and free', async () => {
  const { hold, run, state } = await openAccount()
  const held = await hold()
  await held?.release()
  await held?.release()
  expect(await state()).toEqual({ seq: 0, charges: 0 })
  expect(await run(0)).toBe(true)
})

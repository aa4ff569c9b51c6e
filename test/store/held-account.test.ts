import { expect, test } from 'vitest'
import type { Commit } from '../../src/ports/pipeline-store.ts'
import { openAbandonedTransactions } from '../../src/store/abandoned-transactions.ts'
import { openAccountRow } from '../../src/store/accounts.ts'
import { ensureCollections } from '../../src/store/collections.ts'
import { commitBatch, holdAccount } from '../../src/store/commit-batch.ts'
import { driverName } from '../../src/store/database.ts'
import { openDatabaseForTest } from '../support/database.ts'

const account = 'acct_1'

/** An account that nobody has committed to, and what may be done with it. */
const openAccount = async () => {
  const { client, db } = await openDatabaseForTest({ driverInfo: { name: driverName } })
  await ensureCollections(db)
  await openAccountRow(db, account)
  const target = { client, db, retentionMs: 60_000 }
  const charge = { _id: `${account}:ch_1`, stripe_id: 'ch_1', stripe_user_id: account }
  const commit = (seq: number): Commit => ({
    ...{ account, seq, now: new Date(), notices: [], settlements: [] },
    writes: seq === 0 ? [{ kind: 'insert', collection: 'billing.charges', document: charge }] : [],
  })
  return {
    commit,
    hold: () => holdAccount(account, target),
    endAbandoned: openAbandonedTransactions(client),
    /** For how long the longest of billing-sync's transactions has been open. */
    openSeconds: async (): Promise<number> => {
      const sessions = await client
        .db('admin')
        .aggregate([{ $currentOp: { idleSessions: true } }, { $match: { type: 'idleSession' } }])
        .toArray()
      return Math.max(0, ...sessions.map(({ transaction }) => transaction.timeOpenMicros / 1e6))
    },
    run: (seq: number) => commitBatch(commit(seq), target),
    state: async () => ({
      seq: (await openAccountRow(db, account)).seq,
      charges: await db.collection('billing.charges').countDocuments(),
    }),
  }
}

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

test('a batch may be folded for longer than an abandoned transaction is left', {
  timeout: 30_000,
}, async () => {
  const { hold, commit, state, endAbandoned, openSeconds } = await openAccount()
  const held = await hold()
  await expect
    .poll(
      () => {
        endAbandoned()
        return openSeconds()
      },
      { timeout: 20_000, interval: 100 },
    )
    .toBeGreaterThan(6)
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

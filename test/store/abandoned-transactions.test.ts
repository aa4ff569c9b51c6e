import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { openAbandonedTransactions } from '../../src/store/abandoned-transactions.ts'
import { startFaultServer } from '../support/fault-server.ts'

const { client, db, uri } = await startFaultServer()
const program = fileURLToPath(new URL('leave-transaction.mjs', import.meta.url))
const lifetimeSeconds = 60

// As on a server of the user's own; the embedded one ends transactions after ten seconds by itself.
await client.db('admin').command({ setParameter: 1, transactionLifetimeLimitSeconds: lifetimeSeconds })
const documents = db.collection<{ _id: string; n: number }>('touched')

/** A process that writes a document in a transaction and dies; resolves when it is gone. */
const leaveTransaction = async (id: string, driverName: string) => {
  await documents.insertOne({ _id: id, n: 0 })
  await execa(process.execPath, [program, uri, id, driverName], { reject: false })
}

/** Answers whether the document may be written within a moment. */
const mayWrite = async (id: string): Promise<boolean> => {
  const { modifiedCount } = await documents
    .updateOne({ _id: id }, { $inc: { n: 1 } }, { maxTimeMS: 300 })
    .catch(() => ({ modifiedCount: 0 }))
  return modifiedCount === 1
}

describe('the transaction of a process that died', () => {
  test('is ended within seconds, long before the server would', async () => {
    await leaveTransaction('ours', 'billing-sync')
    expect(await mayWrite('ours')).toBe(false)
    const look = openAbandonedTransactions(client)
    const started = performance.now()
    await expect
      .poll(
        () => {
          look()
          return mayWrite('ours')
        },
        { timeout: 20_000, interval: 100 },
      )
      .toBe(true)
    expect(performance.now() - started).toBeLessThan((lifetimeSeconds / 2) * 1_000)
  })

  test('is left alone where it is of another program', async () => {
    await leaveTransaction('theirs', 'somebody-else')
    await leaveTransaction('ours too', 'billing-sync')
    const look = openAbandonedTransactions(client)
    await expect
      .poll(
        () => {
          look()
          return mayWrite('ours too')
        },
        { timeout: 20_000, interval: 100 },
      )
      .toBe(true)
    expect(await mayWrite('theirs')).toBe(false)
    await client.db('admin').command({ killAllSessions: [] })
  })
})

// A document whose index keys the server's cache has no room for, on a server of its own: others fill the cache, too.

import { expect, test } from 'vitest'
import { openAccountRow } from '../../src/store/accounts.ts'
import { ensureCollections } from '../../src/store/collections.ts'
import { commitBatch } from '../../src/store/commit-batch.ts'
import { queueOnly } from '../../src/store/outbox-rows.ts'
import { startFaultServer } from '../support/fault-server.ts'

const { client, db } = await startFaultServer()

/** The server of 0.5 GB refuses some 350,000 and more; as JSON these have less than 8 MB. */
const manyKeys = 500_000

test('a document that does not fit into the cache is unstorable, and nothing is written', async () => {
  const account = 'acct_1'
  await ensureCollections(db)
  await openAccountRow(db, account)
  const metadata = Object.fromEntries(Array.from({ length: manyKeys }, (_, key) => [key.toString(36), '']))
  const document = { _id: `${account}:ch_1`, stripe_id: 'ch_1', stripe_user_id: account, metadata }
  const insert = { kind: 'insert', collection: 'billing.charges', document } as const
  const commit = { account, seq: 0, now: new Date(), writes: [insert], notices: [], settlements: [] }
  const committing = commitBatch(commit, { client, db, retentionMs: 60_000, targets: queueOnly })
  // One of the insert's writes is refused with it; the command itself succeeds.
  await expect(committing).rejects.toMatchObject({
    ...{ code: 'payload_unstorable', cause: { name: 'RefusedWrite', code: 388 } },
    message: expect.stringContaining("more than the server's cache has room for"),
  })
  expect(await db.collection('billing.charges').countDocuments()).toBe(0)
})

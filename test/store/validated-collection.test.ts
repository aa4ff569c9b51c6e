import type { Document } from 'mongodb'
import { beforeEach, expect, test } from 'vitest'
import type { Commit } from '../../src/ports/pipeline-store.ts'
import { openAccountRow } from '../../src/store/accounts.ts'
import { commitBatch } from '../../src/store/commit-batch.ts'
import { openTestDatabase } from '../support/database.ts'

const { client, db } = await openTestDatabase()
const account = 'acct_1'
const contacts = db.collection<Document & { readonly _id: string }>('crm.contacts')
const theirs = { _id: 'theirs', stripe_user_id: account, phone: '1' }
const charge = { _id: `${account}:ch_1`, stripe_id: 'ch_1', stripe_user_id: account }

beforeEach(async () => {
  await db.dropDatabase()
  await openAccountRow(db, account)
  await contacts.insertOne(theirs)
  await db.command({ collMod: 'crm.contacts', validator: { phone: { $type: 'string' } } })
})

test.each<[string, Commit['writes'][number]]>([
  [
    'an insert',
    { kind: 'insert', collection: 'crm.contacts', document: { _id: 'c', stripe_user_id: account } },
  ],
  [
    'an update',
    { kind: 'update', collection: 'crm.contacts', id: 'theirs', set: { name: 'Ann' }, unset: ['phone'] },
  ],
])(
  'a batch writes nothing when a validator of others refuses %s, and names the collection',
  async (_, write) => {
    const writes = [{ kind: 'insert', collection: 'billing.charges', document: charge } as const, write]
    const commit: Commit = { account, seq: 0, now: new Date(), writes, notices: [], settlements: [] }
    const committing = commitBatch(commit, { client, db, retentionMs: 60_000 })
    await expect(committing).rejects.toMatchObject({
      code: 'document_refused',
      details: { collection: 'crm.contacts' },
    })
    expect(await db.collection('billing.charges').countDocuments()).toBe(0)
    expect(await contacts.find().toArray()).toEqual([theirs])
  },
)

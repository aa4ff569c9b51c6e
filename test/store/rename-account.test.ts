import type { Document } from 'mongodb'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { BillingSyncError } from '../../src/errors.ts'
import { listAccounts, openAccountRow } from '../../src/store/accounts.ts'
import { collectionIndexes, ensureCollections } from '../../src/store/collections.ts'
import { renameAccount } from '../../src/store/rename-account.ts'
import { openTestDatabase } from '../support/database.ts'

const { client, db } = await openTestDatabase()
const rows = (name: string) => db.collection<Document & { readonly _id: string }>(name)
const renaming = { from: 'platform', to: 'acct_platform' }

beforeAll(() => ensureCollections(db))

beforeEach(async () => {
  for (const name of Object.keys(collectionIndexes)) await rows(name).deleteMany({})
})

const rename = () => renameAccount(client, db, renaming)

test('every document of the account moves, and its links with it', async () => {
  const contact = { _id: 'platform:cus_1', stripe_user_id: 'platform', stripe_customer_id: 'cus_1' }
  const conversation = { _id: 'platform:platform:cus_1', stripe_user_id: 'platform', contact_id: contact._id }
  await rows('billing.charges').insertOne({
    _id: 'platform:ch_1',
    stripe_user_id: 'platform',
    metadata: { platform: 'platform:x' },
  })
  await rows('crm.contacts').insertOne(contact)
  await rows('support.conversations').insertOne(conversation)
  await rename()
  expect(await rows('billing.charges').find().toArray()).toEqual([
    { _id: 'acct_platform:ch_1', stripe_user_id: 'acct_platform', metadata: { platform: 'platform:x' } },
  ])
  const moved = await rows('crm.contacts').findOne()
  expect(moved).toEqual({ ...contact, _id: 'acct_platform:cus_1', stripe_user_id: 'acct_platform' })
  expect(await rows('support.conversations').findOne()).toMatchObject({ contact_id: moved?._id })
})

test('what merchants named after the account keeps its name', async () => {
  const stripe_user_id = 'platform'
  const products = ['platform', 'platform:x', 'x:platform']
  await rows('billing.products').insertMany(
    products.map((id) => ({ _id: `platform:${id}`, stripe_id: id, stripe_user_id })),
  )
  const contact_id = 'platform:platform:cus'
  const conversation_id = `platform:${contact_id}`
  const room_id = `platform:${conversation_id}`
  await rows('crm.contacts').insertOne({ _id: contact_id, stripe_user_id })
  await rows('support.conversations').insertOne({ _id: conversation_id, stripe_user_id, contact_id })
  await rows('support.rooms').insertOne({ _id: room_id, stripe_user_id, contact_id, conversation_id })
  const message = { _id: 'platform:invoice:in_1', stripe_user_id, conversation_id, room_id }
  await rows('support.messages').insertOne(message)
  await rename()
  const moved = await rows('billing.products').find().toArray()
  expect(moved.map(({ _id }) => _id)).toEqual(products.map((id) => `acct_platform:${id}`))
  const contact = 'acct_platform:platform:cus'
  const conversation = `acct_platform:${contact}`
  const room = `acct_platform:${conversation}`
  expect(await rows('crm.contacts').findOne()).toMatchObject({ _id: contact })
  expect(await rows('support.conversations').findOne()).toMatchObject({
    ...{ _id: conversation, contact_id: contact },
  })
  expect(await rows('support.rooms').findOne()).toMatchObject({
    ...{ _id: room, contact_id: contact, conversation_id: conversation },
  })
  expect(await rows('support.messages').findOne()).toMatchObject({
    ...{ _id: 'acct_platform:invoice:in_1', conversation_id: conversation, room_id: room },
  })
})

test('documents of other accounts and ids of others stay', async () => {
  const theirs = { _id: 'acct_1:ch_1', stripe_user_id: 'acct_1' }
  await rows('billing.charges').insertOne(theirs)
  await rows('crm.contacts').insertOne({ _id: 'made by the CRM', stripe_user_id: 'platform' })
  await rename()
  expect(await rows('billing.charges').find().toArray()).toEqual([theirs])
  expect(await rows('crm.contacts').findOne()).toEqual({
    _id: 'made by the CRM',
    stripe_user_id: 'acct_platform',
  })
})

test('the account keeps its settings and counts on', async () => {
  await openAccountRow(db, 'platform')
  await rows('billing.accounts').updateOne({}, { $set: { platform: true, support: false }, $inc: { seq: 4 } })
  await rename()
  expect(await rows('billing.accounts').find().toArray()).toMatchObject([
    { _id: 'acct_platform', stripe_user_id: 'acct_platform', platform: true, support: false, seq: 5 },
  ])
})

test('what the config lists under the true id stays as it is', async () => {
  await openAccountRow(db, 'platform')
  await rows('billing.accounts').updateOne({}, { $set: { platform: true } })
  await rows('billing.accounts').insertOne({
    _id: 'acct_platform',
    stripe_user_id: 'acct_platform',
    new_contact: true,
    seq: 2,
  })
  await rename()
  expect(await rows('billing.accounts').find().toArray()).toMatchObject([
    { _id: 'acct_platform', stripe_user_id: 'acct_platform', platform: true, new_contact: true, seq: 3 },
  ])
})

test('contacts that come under other mappings are due to be derived anew', async () => {
  await openAccountRow(db, 'platform')
  await listAccounts(db, [{ stripe_user_id: 'acct_platform', mappings: [{ from: 'name', to: 'title' }] }])
  await rename()
  expect(await rows('billing.accounts').findOne()).toMatchObject({
    _id: 'acct_platform',
    contacts_due: { after: '', mapped_before: ['email', 'name', 'phone'] },
  })
})

test('work that is left of both accounts is left of the one, where the config lists it already', async () => {
  const mappings = [{ from: 'name', to: 'title' }]
  await listAccounts(db, [{ stripe_user_id: 'acct_platform', mappings }])
  await openAccountRow(db, 'platform')
  const [left, alsoLeft] = ['sub_1', 'sub_2'].map((subscription) => ({ subscription, event: 'evt_1' }))
  const disconnected_at = new Date(0)
  const due = (field: string) => ({ after: 'cus_5', mapped_before: [field] })
  const set = (_id: string, fields: Document) => rows('billing.accounts').updateOne({ _id }, { $set: fields })
  await set('platform', { mappings, unfinished: [left], contacts_due: due('old'), disconnected_at })
  await set('acct_platform', { unfinished: [alsoLeft], contacts_due: due('older') })
  await rename()
  expect(await rows('billing.accounts').find().toArray()).toMatchObject([
    {
      ...{ _id: 'acct_platform', listed: true, mappings, disconnected_at },
      unfinished: [alsoLeft, left],
      contacts_due: { after: '', mapped_before: ['old', 'older'] },
    },
  ])
})

test('nothing moves when both accounts hold the same object', async () => {
  for (const account of ['platform', 'acct_platform']) {
    await rows('billing.charges').insertOne({ _id: `${account}:ch_1`, stripe_user_id: account })
  }
  await rows('billing.customers').insertOne({ _id: 'platform:cus_1', stripe_user_id: 'platform' })
  const error = await rename().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(BillingSyncError)
  expect(error).toMatchObject({ code: 'config_invalid' })
  expect(await rows('billing.customers').findOne()).toMatchObject({ _id: 'platform:cus_1' })
})

test('hostile content comes through unchanged', async () => {
  const metadata = { $ref: 'a.b', $id: 1, 'a.b': '$secret', '': null }
  await rows('billing.customers').insertOne({ _id: 'platform:cus_1', stripe_user_id: 'platform', metadata })
  await rename()
  const [kept] = await rows('billing.customers')
    .aggregate([{ $project: { keys: { $objectToArray: '$metadata' } } }])
    .toArray()
  expect(kept?.keys.map(({ k }: { k: string }) => k)).toEqual(Object.keys(metadata))
})

test('says so where another writer has one of the documents', async () => {
  const notes = db.collection<{ _id: string }>('billing.customers')
  await notes.insertOne({ ...{ _id: 'acct_held:cus_1', stripe_user_id: 'acct_held' } })
  await client.withSession(async (session) => {
    session.startTransaction()
    await notes.updateOne({ _id: 'acct_held:cus_1' }, { $set: { name: 'held' } }, { session })
    const renaming = renameAccount(client, db, { from: 'acct_held', to: 'acct_true' })
    await expect(renaming).rejects.toMatchObject({ code: 'account_busy', retryable: true })
    await session.abortTransaction()
  })
  expect(await notes.findOne({ _id: 'acct_held:cus_1' })).not.toBeNull()
})

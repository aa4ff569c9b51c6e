import type { CommandStartedEvent, Document } from 'mongodb'
import { beforeAll, expect, test } from 'vitest'
import { ensureCollections } from '../../src/store/collections.ts'
import { GatheredReads } from '../../src/store/gathered-reads.ts'
import { openTestDatabase } from '../support/database.ts'

const { client, db } = await openTestDatabase({ monitorCommands: true })
const commands: string[] = []

beforeAll(async () => {
  await ensureCollections(db)
  await insert('billing.charges', { _id: 'ch_1', stripe_user_id: 'acct_1' })
  await insert('billing.charges', {
    _id: 'ch_2',
    stripe_user_id: 'acct_1',
    metadata: { lookup: 1, $ref: 'x' },
  })
  await insert('crm.contacts', { _id: 'contact', stripe_user_id: 'acct_1', lookup: 'own', document: 'own' })
  client.on('commandStarted', ({ commandName }: CommandStartedEvent) => commands.push(commandName))
})

const insert = (collection: string, document: Document) => db.collection(collection).insertOne(document)

const idsOf = (documents: readonly { readonly _id: unknown }[]) => documents.map(({ _id }) => _id)

test('answers each look-up of one turn with its own documents, by one command', async () => {
  commands.length = 0
  const reads = new GatheredReads(db)
  const answers = await Promise.all([
    reads.find('billing.charges', { _id: 'ch_1' }, { by: '_id' }),
    reads.find('crm.contacts', { _id: 'contact' }, { by: '_id' }),
    reads.find('billing.charges', { stripe_user_id: 'acct_1' }, { by: '_id' }),
    reads.find('billing.refunds', { _id: 'ch_1' }, { by: '_id' }),
  ])
  expect(answers.map(idsOf)).toEqual([['ch_1'], ['contact'], ['ch_1', 'ch_2'], []])
  expect(commands).toEqual(['aggregate'])
})

test('answers documents as they are stored, whatever their keys', async () => {
  const reads = new GatheredReads(db)
  const [contact, charge] = await Promise.all([
    reads.find('crm.contacts', { _id: 'contact' }, { by: '_id' }),
    reads.find('billing.charges', { _id: 'ch_2' }, { by: '_id' }),
  ])
  expect(contact).toEqual([{ _id: 'contact', stripe_user_id: 'acct_1', lookup: 'own', document: 'own' }])
  expect(charge[0]?.metadata).toEqual({ lookup: 1, $ref: 'x' })
})

test('answers more documents than one message of the server holds by default', async () => {
  const documents = Array.from({ length: 250 }, (_, index) => ({ _id: `re_${index}` as never }))
  await db.collection('billing.refunds').insertMany(documents)
  expect(await new GatheredReads(db).find('billing.refunds', {}, { by: '_id' })).toHaveLength(250)
})

test('answers more than fits into one message of the server', async () => {
  const text = 'x'.repeat(9 * 1024 * 1024)
  await db.collection('billing.disputes').insertMany([
    { _id: 'dp_1' as never, text },
    { _id: 'dp_2' as never, text },
  ])
  commands.length = 0
  const answer = await new GatheredReads(db).find('billing.disputes', {}, { by: '_id' })
  expect(answer.map(({ _id, text: { length } }: Document) => [_id, length])).toEqual([
    ['dp_1', text.length],
    ['dp_2', text.length],
  ])
  expect(commands).toEqual(['aggregate', 'getMore'])
})

test('takes values for values and never for a part of the query', async () => {
  const reads = new GatheredReads(db)
  expect(await reads.find('billing.charges', { _id: { $in: ['$_id', '$$ROOT'] } }, { by: '_id' })).toEqual([])
})

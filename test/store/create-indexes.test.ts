import { type CreateIndexesOptions, type Db, ObjectId } from 'mongodb'
import { describe, expect, onTestFinished, test } from 'vitest'
import { caseless, collectionIndexes, ensureCollections } from '../../src/store/collections.ts'
import { openTestDatabase } from '../support/database.ts'

const { client, db } = await openTestDatabase()

describe('documents that others have written twice', () => {
  const id = new ObjectId()
  test.each([
    ['crm.contacts', { stripe_user_id: 'acct_1', stripe_customer_id: 'cus_1' }],
    ['support.conversations', { stripe_user_id: 'acct_1', contact_id: id, source: 'billing-sync' }],
    ['currency', { code: 'EUR' }],
  ])('are named: %s', async (collection, document) => {
    const other = client.db(`${db.databaseName}_twice`)
    onTestFinished(async () => {
      await other.dropDatabase()
    })
    await other.collection(collection).insertMany([{ ...document }, { ...document }])
    const { source: _source, ...fields } = { source: '', ...document }
    const key = Object.entries(fields).map(([field, value]) => `${field} ${value}`)
    await expect(ensureCollections(other)).rejects.toMatchObject({
      code: 'duplicate_documents',
      details: { collection, key: key.join(' and ') },
      retryable: false,
      exitCode: 1,
    })
  })

  test('are told of once nothing is under way any more', async () => {
    const other = client.db(`${db.databaseName}_settled`)
    onTestFinished(async () => {
      await other.dropDatabase()
    })
    await other.collection('currency').insertMany([{ code: 'EUR' }, { code: 'EUR' }])
    await expect(ensureCollections(other)).rejects.toThrow()
    const { currency: _currency, ...others } = collectionIndexes
    const made = Object.keys(others).map(async (name) => [name, await indexCount(other, name)])
    const wanted = Object.entries(others).map(([name, rows]) => [name, rows.length + 1])
    expect(await Promise.all(made)).toEqual(wanted)
  })
})

/** Indexes of a collection, that of its `_id` among them; 0 where there is no such collection. */
const indexCount = async (other: Db, name: string): Promise<number> => {
  if (!(await other.listCollections({ name }).hasNext())) return 0
  return (await other.collection(name).indexes()).length
}

describe('an index that others have made', () => {
  const openWith = async (collection: string, key: Record<string, 1 | -1>, options: CreateIndexesOptions) => {
    const other = client.db(`${db.databaseName}_indexed`)
    onTestFinished(async () => {
      await other.dropDatabase()
    })
    await other.collection(collection).createIndex(key, options)
    return other
  }
  const newest = { stripe_user_id: 1, created: -1 } as const

  test('serves under another name, where it has the same keys and options', async () => {
    const other = await openWith('billing.charges', newest, { name: 'advised' })
    await ensureCollections(other)
    const names = (await other.collection('billing.charges').indexes()).map(({ name }) => name)
    expect(names).toContain('advised')
    expect(names).not.toContain('stripe_user_id_1_created_-1')
    expect(names).toHaveLength(collectionIndexes['billing.charges'].length + 1)
  })

  test('may differ in its options under another name', async () => {
    const other = await openWith('billing.charges', newest, { name: 'advised', sparse: true })
    await ensureCollections(other)
    const names = (await other.collection('billing.charges').indexes()).map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['advised', 'stripe_user_id_1_created_-1']))
  })

  test.each([
    ['billing.charges', newest, { unique: true }, 'stripe_user_id_1_created_-1'],
    ['billing.charges', newest, { name: 'hidden', hidden: true }, 'hidden'],
    ['billing.customers', { stripe_user_id: 1, email: 1 }, { name: 'mine', collation: caseless }, 'mine'],
    ['billing.customers', { stripe_user_id: 1, name: 1 }, { name: 'email_caseless' }, 'email_caseless'],
    ['billing.events', { expires_at: 1 }, { name: 'ours', expireAfterSeconds: 60 }, 'ours'],
  ] as const)(
    'is named where it stands in the way: in %s of %j with %j',
    async (collection, key, options, name) => {
      const other = await openWith(collection, key, options)
      await expect(ensureCollections(other)).rejects.toMatchObject({
        code: 'index_conflict',
        details: { collection, name },
        exitCode: 1,
      })
    },
  )

  test('is told from ours of the same keys', async () => {
    const key = { stripe_user_id: 1, email: 1 } as const
    const other = await openWith('billing.customers', key, {})
    await other.collection('billing.customers').createIndex(key, { name: 'mine', collation: caseless })
    await expect(ensureCollections(other)).rejects.toMatchObject({ details: { name: 'mine' } })
  })
})

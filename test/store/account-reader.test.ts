import { type CommandStartedEvent, type Document, Long, ObjectId, UUID } from 'mongodb'
import { beforeAll, describe, expect, test } from 'vitest'
import { isAnyAdoptable, MongoAccountReader } from '../../src/store/account-reader.ts'
import { ensureCollections } from '../../src/store/collections.ts'
import { seedCurrencies } from '../../src/store/currencies.ts'
import { openTestDatabase } from '../support/database.ts'

const { client, db } = await openTestDatabase({ monitorCommands: true })
const contactId = new ObjectId()

beforeAll(async () => {
  await ensureCollections(db)
  await seedCurrencies(db)
  for (const owner of ['acct_1', 'acct_2']) {
    await insert('billing.charges', { _id: `${owner}:ch_1`, stripe_user_id: owner, invoice: 'in_1' })
    await insert('crm.contacts', { _id: `${owner}:c`, stripe_user_id: owner, email: 'Jane@Example.org' })
  }
  await insert('support.conversations', { _id: 'by text', stripe_user_id: 'acct_1', contact_id: 'text' })
  await insert('support.conversations', { _id: 'by id', stripe_user_id: 'acct_1', contact_id: contactId })
})

const insert = (collection: string, document: Document) => db.collection(collection).insertOne(document)

const reader = (account = 'acct_1') => new MongoAccountReader(db, account)

const idsOf = (documents: readonly { readonly _id: unknown }[]) => documents.map(({ _id }) => _id)

describe('another account is out of reach', () => {
  test('by ids that belong to it', async () => {
    const found = await reader().byDocumentIds('billing.charges', ['acct_1:ch_1', 'acct_2:ch_1'])
    expect(idsOf(found)).toEqual(['acct_1:ch_1'])
  })

  test('by values that both have', async () => {
    const lookup = { collection: 'billing.charges', field: 'invoice' } as const
    expect(idsOf(await reader().byField(lookup, ['in_1']))).toEqual(['acct_1:ch_1'])
    expect(idsOf(await reader('acct_2').byField(lookup, ['in_1']))).toEqual(['acct_2:ch_1'])
    expect(await reader('acct_3').byField(lookup, ['in_1'])).toEqual([])
  })

  test('by an account that differs in case alone', async () => {
    const lookup = { collection: 'crm.contacts', field: 'email', caseless: true } as const
    expect(idsOf(await reader('acct_1').byField(lookup, ['jane@example.org']))).toEqual(['acct_1:c'])
    expect(await reader('ACCT_1').byField(lookup, ['jane@example.org'])).toEqual([])
  })
})

test('answers nothing of a document but the fields asked for', async () => {
  const document = { sync: { as_of: null, own_metadata: { 'a.b': '$c' }, order: {} }, metadata: {} }
  await insert('billing.subscriptions', {
    _id: 'acct_1:sub_1',
    stripe_user_id: 'acct_1',
    ...document,
  } as never)
  const fields = ['sync.as_of', 'sync.own_metadata']
  expect(await reader().byDocumentIds('billing.subscriptions', ['acct_1:sub_1', 'acct_1:x'], fields)).toEqual(
    [{ _id: 'acct_1:sub_1', sync: { as_of: null, own_metadata: { 'a.b': '$c' } } }],
  )
})

describe('byField', () => {
  test('finds a text in any case where case does not count', async () => {
    const lookup = { collection: 'crm.contacts', field: 'email' } as const
    expect(await reader().byField({ ...lookup, caseless: true }, ['JANE@example.ORG'])).toHaveLength(1)
    expect(await reader().byField(lookup, ['JANE@example.ORG'])).toEqual([])
  })

  test('leaves out contacts of customers and its own where asked for adoptable ones', async () => {
    const shared = { stripe_user_id: 'acct_8', email: 'All@Example.org' }
    const [customers, own] = [{ stripe_customer_id: 'cus_1' }, { source: 'billing-sync' }]
    const noCustomers = [{}, { stripe_customer_id: null }, { stripe_customer_id: '' }]
    for (const fields of [...noCustomers, customers, own])
      await insert('crm.contacts', { _id: `8:${JSON.stringify(fields)}` as never, ...shared, ...fields })
    const lookup = { collection: 'crm.contacts', field: 'email', caseless: true } as const
    const found = await reader('acct_8').byField({ ...lookup, adoptable: true }, ['all@example.org'])
    expect(idsOf(found)).toEqual(noCustomers.map((fields) => `8:${JSON.stringify(fields)}`))
    expect(await reader('acct_8').byField(lookup, ['all@example.org'])).toHaveLength(5)
  })

  test('tells whether there is a contact to be adopted at all', async () => {
    const contact = { stripe_user_id: 'acct_9', email: 'a@example.org' }
    const others = [
      { stripe_customer_id: 'cus_1' },
      { source: 'Billing-Sync' },
      { email: '' },
      { email: null },
    ]
    for (const fields of others)
      await insert('crm.contacts', { _id: `9:${JSON.stringify(fields)}` as never, ...contact, ...fields })
    expect(await isAnyAdoptable(db, 'acct_9')).toBe(false)
    await insert('crm.contacts', { _id: '9' as never, ...contact, source: 'crm' })
    expect(await isAnyAdoptable(db, 'acct_9')).toBe(true)
    expect(await isAnyAdoptable(db, 'acct_10')).toBe(false)
  })

  test.each([
    ['UUIDs', new UUID('0189f7a0-1111-7222-8333-444455556666')],
    ['numbers', 42],
    ['long numbers', Long.fromString('9007199254740995')],
    ['numbers as text', '43'],
  ])('finds ids that others wrote as %s', async (kind, id) => {
    await insert('support.rooms', { _id: kind as never, stripe_user_id: 'acct_1', conversation_id: id })
    const lookup = { collection: 'support.rooms', field: 'conversation_id', holdsId: true } as const
    expect(idsOf(await reader().byField(lookup, [String(id)]))).toEqual([kind])
  })

  test('finds ids that others wrote as ObjectId', async () => {
    const lookup = { collection: 'support.conversations', field: 'contact_id', holdsId: true } as const
    expect(idsOf(await reader().byField(lookup, [contactId.toHexString()]))).toEqual(['by id'])
    expect(idsOf(await reader().byField(lookup, ['text']))).toEqual(['by text'])
  })

  test('answers one more than is too many, and no more', async () => {
    const lookup = { collection: 'billing.invoices', field: 'subscription' } as const
    for (const id of ['a', 'b', 'c'])
      await insert('billing.invoices', {
        _id: `acct_9:${id}` as never,
        stripe_user_id: 'acct_9',
        stripe_id: id,
        subscription: 'sub_1',
      })
    expect(await reader('acct_9').byField({ ...lookup, most: 1 }, ['sub_1'])).toHaveLength(2)
    expect(await reader('acct_9').byField({ ...lookup, most: 3 }, ['sub_1'])).toHaveLength(3)
    expect(await reader('acct_9').idsByField(lookup, ['sub_1'])).toEqual(['a', 'b', 'c'])
    expect(await reader().idsByField(lookup, ['sub_1'])).toEqual([])
  })

  test.each(['$where', '{"$gt":""}', '.*', '', '\0', '\uD800', '__proto__'])(
    'takes %j for a text and nothing more',
    async (value) => {
      const lookup = { collection: 'billing.charges', field: 'invoice' } as const
      expect(await reader().byField(lookup, [value])).toEqual([])
    },
  )
})

describe('currency', () => {
  test('answers a row by its code, or null', async () => {
    expect(await reader().currency('EUR')).toMatchObject({ code: 'EUR', symbol: '€', exponent: 2 })
    expect(await reader().currency('XXX')).toBeNull()
  })

  test('is asked once per code', async () => {
    const asked: unknown[] = []
    const listen = ({ command }: CommandStartedEvent) => asked.push(command.filter)
    client.on('commandStarted', listen)
    const one = reader()
    await Promise.all([one.currency('USD'), one.currency('USD'), one.currency('JPY')])
    await one.currency('USD')
    client.off('commandStarted', listen)
    expect(asked).toEqual([{ code: 'USD' }, { code: 'JPY' }])
  })
})

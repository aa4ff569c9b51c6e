import type { Document } from 'mongodb'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { BillingSyncError } from '../../src/errors.ts'
import { ensureCollections } from '../../src/store/collections.ts'
import { platformAccountOf } from '../../src/store/platform-account.ts'
import { openTestDatabase } from '../support/database.ts'

const database = await openTestDatabase()
const { db } = database
const accounts = db.collection<Document & { readonly _id: string }>('billing.accounts')

beforeAll(() => ensureCollections(db))

beforeEach(async () => {
  await accounts.deleteMany({})
  await db.collection('billing.events').deleteMany({})
})

const resolve = (configured?: string) => platformAccountOf(database, { configured, ask: null })

const platformRows = () => accounts.find({ platform: true }).project({ _id: 1 }).toArray()

const refusal = async (configured: string): Promise<BillingSyncError> => {
  const error = await resolve(configured).catch((thrown: unknown) => thrown)
  if (!(error instanceof BillingSyncError)) throw new TypeError(`resolved ${String(error)}`)
  return error
}

test('an id that is configured is fixed at first use', async () => {
  expect(await resolve('acct_platform')).toBe('acct_platform')
  expect(await platformRows()).toEqual([{ _id: 'acct_platform' }])
  expect(await resolve()).toBe('acct_platform')
  expect(await resolve('acct_platform')).toBe('acct_platform')
})

test('a placeholder stands in while nobody tells the id', async () => {
  expect(await resolve()).toBe('platform')
  expect(await resolve()).toBe('platform')
  expect(await platformRows()).toEqual([{ _id: 'platform' }])
})

test('Stripe is asked while nobody tells the id, and once only', async () => {
  let asked = 0
  const ask = () => {
    asked += 1
    return Promise.resolve('acct_asked')
  }
  const source = { configured: undefined, ask }
  expect(await platformAccountOf(database, source)).toBe('acct_asked')
  expect(await platformAccountOf(database, source)).toBe('acct_asked')
  expect(asked).toBe(1)
})

test('an account that is known already becomes the platform as it is', async () => {
  await accounts.insertOne({ _id: 'acct_1', stripe_user_id: 'acct_1', seq: 3, new_contact: true })
  await resolve('acct_1')
  expect(await accounts.findOne()).toMatchObject({ seq: 3, new_contact: true, platform: true })
})

test('another id is refused, naming the variable and the database', async () => {
  await resolve('acct_one')
  const error = await refusal('acct_two')
  expect([error.code, error.exitCode]).toEqual(['config_invalid', 2])
  expect(error.message).toContain('STRIPE_ACCOUNT_ID')
  expect(error.message).toContain(db.databaseName)
  expect(error.message).toContain('acct_one')
  expect(await platformRows()).toEqual([{ _id: 'acct_one' }])
})

test('the placeholder is renamed while only replayed files were stored under it', async () => {
  await resolve()
  await db
    .collection<Document>('billing.events')
    .insertOne({ _id: 'platform:evt_1', stripe_user_id: 'platform', source: 'replay' } as Document)
  expect(await resolve('acct_platform')).toBe('acct_platform')
  expect(await platformRows()).toEqual([{ _id: 'acct_platform' }])
  expect(await db.collection('billing.events').findOne()).toMatchObject({
    _id: 'acct_platform:evt_1',
    stripe_user_id: 'acct_platform',
  })
})

test('the placeholder is kept once webhooks were stored under it', async () => {
  await resolve()
  await db.collection<Document>('billing.events').insertOne({ stripe_user_id: 'platform', source: 'webhook' })
  expect((await refusal('acct_platform')).message).toContain('STRIPE_ACCOUNT_ID')
  const ask = async (): Promise<string> => 'acct_platform'
  await expect(platformAccountOf(database, { configured: undefined, ask })).rejects.toThrow(
    'set it to platform,',
  )
  expect([await resolve(), await resolve('platform')]).toEqual(['platform', 'platform'])
})

describe('with a Stripe key', () => {
  test('asks Stripe once, while the database does not know', async () => {
    let asked = 0
    const ask = async (): Promise<string> => {
      asked += 1
      return 'acct_told'
    }
    expect(await platformAccountOf(database, { configured: undefined, ask })).toBe('acct_told')
    expect(await platformAccountOf(database, { configured: undefined, ask })).toBe('acct_told')
    expect(asked).toBe(1)
  })
})

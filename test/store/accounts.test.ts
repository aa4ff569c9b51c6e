import type { Document } from 'mongodb'
import { beforeEach, describe, expect, test } from 'vitest'
import { readAccessToken, readWebhookSecrets } from '../../src/store/account-secrets.ts'
import { listAccounts, openAccountRow } from '../../src/store/accounts.ts'
import { accountsByReach } from '../../src/store/connected-accounts.ts'
import { openTestDatabase } from '../support/database.ts'

const { db } = await openTestDatabase()
const accounts = db.collection<Document & { readonly _id: string }>('billing.accounts')
const foreign = db.collection('billing.accounts')
const mappings = [{ from: 'email', to: 'email' }]

beforeEach(async () => {
  await accounts.deleteMany({})
  await db.collection('queue.jobs').deleteMany({})
  await db.collection('billing.outbox').deleteMany({})
})

const read = (id: string) => accounts.findOne({ _id: id })

describe('openAccountRow', () => {
  test('makes an unknown account with the defaults', async () => {
    expect(await openAccountRow(db, 'acct_1')).toEqual({
      settings: { id: 'acct_1', newContact: false, support: true, mappings: [] },
      seq: 0,
      listed: false,
      connection: null,
      unfinished: [],
      contactsDue: null,
    })
    expect(await read('acct_1')).toEqual({
      _id: 'acct_1',
      stripe_user_id: 'acct_1',
      seq: 0,
      new_contact: false,
      support: true,
      mappings: [],
      created_at: expect.any(Date),
    })
  })

  test('answers what is stored and writes nothing', async () => {
    const row = {
      _id: 'acct_1',
      stripe_user_id: 'acct_1',
      seq: 9,
      new_contact: true,
      support: false,
      mappings,
    }
    await accounts.insertOne(row)
    expect(await openAccountRow(db, 'acct_1')).toEqual({
      settings: { id: 'acct_1', newContact: true, support: false, mappings },
      seq: 9,
      listed: false,
      connection: null,
      unfinished: [],
      contactsDue: null,
    })
    expect(await read('acct_1')).toEqual(row)
  })

  test('tells an account that was disconnected', async () => {
    await accounts.insertOne({
      _id: 'acct_1',
      stripe_user_id: 'acct_1',
      seq: 0,
      connection: { state: 'disconnected', as_of: new Date(0) },
    })
    expect(await openAccountRow(db, 'acct_1')).toMatchObject({
      connection: { state: 'disconnected', as_of: new Date(0) },
    })
  })

  test('counts on where others wrote the row, or removed it, so that no notice has the id of another', async () => {
    const told = [3, 12].map((seq) => ({
      _id: `acct_1-${seq}-1`,
      stripe_user_id: 'acct_1',
      at: new Date(seq),
    }))
    await db.collection<Document & { readonly _id: string }>('queue.jobs').insertMany(told)
    const row = { _id: 'acct_1', stripe_user_id: 'acct_1', support: false }
    await accounts.insertOne(row)
    expect(await openAccountRow(db, 'acct_1')).toMatchObject({ seq: 12, settings: { support: false } })
    expect(await read('acct_1')).toEqual({ ...row, seq: 12 })
    await accounts.deleteMany({})
    expect(await openAccountRow(db, 'acct_1')).toMatchObject({ seq: 12, settings: { support: true } })
    await accounts.replaceOne({ _id: 'acct_1' }, { stripe_user_id: 'acct_1', seq: null })
    await listAccounts(db, [{ stripe_user_id: 'acct_1', support: false }])
    expect(await read('acct_1')).toMatchObject({ seq: 13, support: false, listed: true })
    await accounts.deleteMany({})
    await listAccounts(db, [{ stripe_user_id: 'acct_1' }])
    expect(await read('acct_1')).toMatchObject({ seq: 13 })
  })

  test('takes over a row that others wrote under an `_id` of their own, and leaves the one that it has', async () => {
    await foreign.insertOne({ stripe_user_id: 'acct_1', support: false, note: 'theirs' })
    expect(await openAccountRow(db, 'acct_1')).toMatchObject({ seq: 0, settings: { support: false } })
    await foreign.insertOne({ stripe_user_id: 'acct_1', support: true })
    await accounts.updateOne({ _id: 'acct_1' }, { $unset: { seq: '' } })
    expect(await openAccountRow(db, 'acct_1')).toMatchObject({ settings: { support: false } })
    expect(await read('acct_1')).toMatchObject({
      stripe_user_id: 'acct_1',
      note: 'theirs',
      new_contact: false,
    })
    expect(await accounts.countDocuments()).toBe(2)
  })

  test('counts on after what receivers are owed', async () => {
    const owed = [9, 11].map((seq) => ({ stripe_user_id: 'acct_1', seq, sink: 'queue', status: 'pending' }))
    await db.collection('billing.outbox').insertMany(owed)
    expect(await openAccountRow(db, 'acct_1')).toMatchObject({ seq: 11 })
  })

  test('makes one row when many ask at once', async () => {
    const rows = await Promise.all(Array.from({ length: 20 }, () => openAccountRow(db, 'acct_1')))
    expect(new Set(rows.map(({ seq }) => seq))).toEqual(new Set([0]))
    expect(await accounts.countDocuments()).toBe(1)
  })
})

const inReach = async () => (await accountsByReach(db, 'acct_platform')).inReach

describe('listAccounts', () => {
  test('takes over all rows that others wrote under an `_id` of their own', async () => {
    await foreign.insertMany([
      { stripe_user_id: 'acct_1', support: false },
      { stripe_user_id: 'acct_2', new_contact: true },
      { note: 'of no account' },
    ])
    expect(await inReach()).toEqual(['acct_platform'])
    await listAccounts(db, [{ stripe_user_id: 'acct_2', support: false }])
    expect(await inReach()).toEqual(['acct_platform', 'acct_1', 'acct_2'])
    expect(await read('acct_1')).toMatchObject({ seq: 0, support: false })
    expect(await read('acct_2')).toMatchObject({ support: false, new_contact: true, listed: true })
    expect(await accounts.countDocuments()).toBe(3)
  })

  test('makes a listed account with defaults for what is not named', async () => {
    await listAccounts(db, [{ stripe_user_id: 'acct_1', support: false }])
    expect(await read('acct_1')).toMatchObject({
      stripe_user_id: 'acct_1',
      listed: true,
      new_contact: false,
      support: false,
      mappings: [],
      seq: 1,
    })
  })

  test('overwrites only the fields that are named', async () => {
    await listAccounts(db, [{ stripe_user_id: 'acct_1', new_contact: true, support: false, mappings }])
    await accounts.updateOne({}, { $set: { note: 'by somebody else' } })
    await listAccounts(db, [{ stripe_user_id: 'acct_1', support: true }])
    expect(await read('acct_1')).toMatchObject({
      new_contact: true,
      support: true,
      mappings,
      note: 'by somebody else',
    })
  })

  test('leaves a field alone that is named but undefined', async () => {
    await listAccounts(db, [{ stripe_user_id: 'acct_1', new_contact: true }])
    await listAccounts(db, [{ stripe_user_id: 'acct_1', new_contact: undefined, mappings: undefined }])
    expect(await read('acct_1')).toMatchObject({ new_contact: true, mappings: [] })
  })

  test('seals secrets, and leaves those alone that are not named', async () => {
    const key = Buffer.alloc(32, 1)
    const secrets = { access_token: 'sk_test_1', webhook_secrets: ['whsec_0123456789abcdef'] }
    await listAccounts(db, [{ stripe_user_id: 'acct_1', ...secrets }], key)
    await listAccounts(db, [{ stripe_user_id: 'acct_1', support: false }], key)
    expect(JSON.stringify(await read('acct_1'))).not.toMatch(/sk_test_1|0123456789abcdef/)
    expect(await readAccessToken(db, 'acct_1', key)).toBe('sk_test_1')
    expect(await readWebhookSecrets(db, key)).toEqual(new Map([['acct_1', secrets.webhook_secrets]]))
  })

  test('takes another token of an account that was cut off for its return', async () => {
    const key = Buffer.alloc(32, 1)
    const list = (token: string) => listAccounts(db, [{ stripe_user_id: 'acct_1', access_token: token }], key)
    await list('sk_test_1')
    const cutOff = { state: 'disconnected', as_of: new Date('2999-01-01') } as const
    await accounts.updateOne({}, { $set: { connection: cutOff, disconnected_at: cutOff.as_of } })
    await list('sk_test_1')
    expect(await accountsByReach(db, 'acct_platform')).toEqual({
      inReach: ['acct_platform'],
      cutOff: ['acct_1'],
    })
    await list('sk_test_2')
    expect(await inReach()).toEqual(['acct_platform', 'acct_1'])
    const returned = { state: 'connected', as_of: new Date(cutOff.as_of.getTime() + 1) }
    expect(await read('acct_1')).toMatchObject({ connection: returned, disconnected_at: cutOff.as_of })
    await accounts.updateOne({}, { $set: { connection: cutOff } })
    await listAccounts(db, [{ stripe_user_id: 'acct_1', access_token: null }], key)
    expect(await read('acct_1')).toMatchObject({ connection: cutOff })
  })

  test('leaves accounts alone that are not listed', async () => {
    await listAccounts(db, [{ stripe_user_id: 'acct_1', new_contact: true }])
    const before = await read('acct_1')
    await listAccounts(db, [{ stripe_user_id: 'acct_2' }])
    expect(await read('acct_1')).toEqual(before)
  })

  test('raises the sequence number, so that batches under way are folded again', async () => {
    const { seq } = await openAccountRow(db, 'acct_1')
    await listAccounts(db, [{ stripe_user_id: 'acct_1' }])
    expect((await openAccountRow(db, 'acct_1')).seq).toBe(seq + 1)
  })

  test('writes nothing where a row says all of it already', async () => {
    const key = Buffer.alloc(32, 1)
    const secrets = { access_token: 'sk_test_1', webhook_secrets: ['whsec_0123456789abcdef'] }
    const listed = [{ stripe_user_id: 'acct_1', new_contact: true, support: false, mappings, ...secrets }]
    await listAccounts(db, listed, key)
    const before = await read('acct_1')
    await listAccounts(db, listed, key)
    expect(await read('acct_1')).toEqual(before)
  })

  test('stores a secret anew that is another one or sealed with another key', async () => {
    const [key, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
    await listAccounts(db, [{ stripe_user_id: 'acct_1', access_token: 'sk_test_1' }], key)
    await listAccounts(db, [{ stripe_user_id: 'acct_1', access_token: 'sk_test_2' }], key)
    expect(await readAccessToken(db, 'acct_1', key)).toBe('sk_test_2')
    await listAccounts(db, [{ stripe_user_id: 'acct_1', access_token: 'sk_test_2' }], other)
    expect(await readAccessToken(db, 'acct_1', other)).toBe('sk_test_2')
  })

  test('counts once when processes list an account at once', async () => {
    const listed = [{ stripe_user_id: 'acct_1', new_contact: true }]
    await Promise.all(Array.from({ length: 10 }, () => listAccounts(db, listed)))
    expect(await read('acct_1')).toMatchObject({ seq: 1, new_contact: true })
  })

  test('makes contacts due where mappings change, and only there', async () => {
    const list = (fields: object) => listAccounts(db, [{ stripe_user_id: 'acct_1', ...fields }])
    await list({ mappings })
    await list({ support: false })
    expect(await read('acct_1')).not.toHaveProperty('contacts_due')
    await list({ mappings: [{ from: 'name', to: 'custom.name' }] })
    expect(await read('acct_1')).toMatchObject({ contacts_due: { after: '', mapped_before: ['email'] } })
    await accounts.updateOne({}, { $set: { 'contacts_due.after': 'cus_1' } })
    await list({ mappings: [] })
    expect(await read('acct_1')).toMatchObject({
      contacts_due: { after: '', mapped_before: ['email', 'custom.name'] },
    })
  })

  test('keeps what only an account itself knows', async () => {
    await accounts.insertOne({ _id: 'acct_1', stripe_user_id: 'acct_1', seq: 4, platform: true })
    await listAccounts(db, [{ stripe_user_id: 'acct_1', mappings: [] }])
    expect(await read('acct_1')).toMatchObject({ platform: true, seq: 5, mappings: [], listed: true })
  })
})

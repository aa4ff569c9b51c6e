import { beforeEach, describe, expect, test } from 'vitest'
import {
  checkAccessTokens,
  readAccessToken,
  readWebhookSecrets,
  secretFields,
} from '../../src/store/account-secrets.ts'
import { openTestDatabase } from '../support/database.ts'

const { db } = await openTestDatabase()
const accounts = db.collection<{ _id: unknown; stripe_user_id?: string }>('billing.accounts')
const key = Buffer.alloc(32, 1)
const otherKey = Buffer.alloc(32, 2)
const secret = 'whsec_0123456789abcdef'

beforeEach(async () => {
  await accounts.deleteMany({})
})

const store = (id: string, fields: Parameters<typeof secretFields>[0], sealedWith?: Uint8Array) =>
  accounts.insertOne({ _id: id, ...secretFields(fields, { account: id, key: sealedWith, stored: {} }) })

const wrongKey = (account: string) => ({
  code: 'config_invalid',
  exitCode: 2,
  message: expect.stringMatching(new RegExp(`^BILLING_SYNC_ENCRYPTION_KEY: it .*${account}`)),
})

describe('an access token', () => {
  test('is answered as it was listed', async () => {
    await store('acct_1', { access_token: 'sk_test_1' }, key)
    expect(await readAccessToken(db, 'acct_1', key)).toBe('sk_test_1')
  })

  test('is null where none was listed, and after it was forgotten', async () => {
    await store('acct_1', {}, key)
    await store('acct_2', { access_token: null }, key)
    expect(await readAccessToken(db, 'acct_1', key)).toBeNull()
    expect(await readAccessToken(db, 'acct_2', undefined)).toBeNull()
    expect(await readAccessToken(db, 'acct_none', key)).toBeNull()
  })

  test('is never stored as it is', () => {
    expect(() =>
      secretFields({ access_token: 'sk_test_1' }, { account: 'acct_1', key: undefined, stored: {} }),
    ).toThrow(/BILLING_SYNC_ENCRYPTION_KEY/)
  })

  test.each([
    ['another key', otherKey],
    ['no key', undefined],
  ])('that is asked for with %s names the key and the account', async (_, wrong) => {
    await store('acct_1', { access_token: 'sk_test_1' }, key)
    await expect(readAccessToken(db, 'acct_1', wrong)).rejects.toMatchObject(wrongKey('acct_1'))
    await expect(checkAccessTokens(db, wrong, { livemode: null })).rejects.toMatchObject(wrongKey('acct_1'))
  })

  test('that was moved to another account does not open', async () => {
    await accounts.insertOne({
      ...secretFields({ access_token: 'sk_test_1' }, { account: 'acct_1', key, stored: {} }),
      _id: 'acct_2',
    })
    await expect(readAccessToken(db, 'acct_2', key)).rejects.toMatchObject(wrongKey('acct_2'))
  })

  test('is checked before any work, but for accounts that nobody asks for', async () => {
    await store('acct_1', { access_token: 'sk_test_1' }, key)
    await store('acct_2', { access_token: 'sk_test_2' }, otherKey)
    await expect(checkAccessTokens(db, key, { livemode: null })).rejects.toMatchObject(wrongKey('acct_2'))
    await checkAccessTokens(db, key, { livemode: null, others: ['acct_2'] })
  })
})

test('an access token of the other mode than the platform key is told before any work', async () => {
  await store('acct_1', { access_token: 'sk_test_1' }, key)
  await checkAccessTokens(db, key, { livemode: false })
  await checkAccessTokens(db, key, { livemode: null })
  await expect(checkAccessTokens(db, key, { livemode: true })).rejects.toMatchObject({
    code: 'config_invalid',
    message: expect.stringMatching(/^STRIPE_SECRET_KEY: it is a key of live mode, .*acct_1/),
  })
})

describe('the secrets of own endpoints', () => {
  test('are answered by account, sealed or not', async () => {
    await store('acct_1', { webhook_secrets: [secret, `${secret}_rolled`] }, key)
    await store('acct_2', { webhook_secrets: [`${secret}_2`] })
    await store('acct_3', { webhook_secrets: [] }, key)
    await store('acct_4', {}, key)
    expect(await readWebhookSecrets(db, key)).toEqual(
      new Map([
        ['acct_1', [secret, `${secret}_rolled`]],
        ['acct_2', [`${secret}_2`]],
      ]),
    )
  })

  test('are sealed where there is a key, else stored as they are', async () => {
    expect(
      JSON.stringify(secretFields({ webhook_secrets: [secret] }, { account: 'acct_1', key, stored: {} })),
    ).not.toContain(secret)
    expect(
      secretFields({ webhook_secrets: [secret] }, { account: 'acct_1', key: undefined, stored: {} }),
    ).toEqual({
      webhook_secrets: [secret],
    })
  })

  test.each([
    ['a text', secret],
    ['a number', 7],
    ['an object', { 0: secret }],
    ['a list of null', [null]],
    ['a list of an empty list', [[]]],
    ['a list of an empty text', ['']],
  ])('are answered as they lie there where others wrote %s', async (_, stored) => {
    await accounts.insertOne({ _id: 'acct_1', webhook_secrets: stored } as never)
    expect(await readWebhookSecrets(db, key)).toEqual(new Map([['acct_1', stored]]))
  })

  test.each([null, []])('are none where there is %j', async (stored) => {
    await accounts.insertOne({ _id: 'acct_1', webhook_secrets: stored } as never)
    expect(await readWebhookSecrets(db, key)).toEqual(new Map())
  })

  test('that the key does not open are an error, never missing', async () => {
    await store('acct_1', { webhook_secrets: [secret] }, key)
    await expect(readWebhookSecrets(db, otherKey)).rejects.toMatchObject(wrongKey('acct_1'))
    await expect(readWebhookSecrets(db, undefined)).rejects.toMatchObject(wrongKey('acct_1'))
  })
})

describe('rows that others wrote under an id of their own', () => {
  const sealed = secretFields(
    { access_token: 'sk_test_1', webhook_secrets: [secret] },
    { account: 'acct_1', key, stored: {} },
  )

  test("are their account's where it has none itself", async () => {
    await accounts.insertOne({ ...sealed, _id: 1, stripe_user_id: 'acct_1' })
    expect(await readWebhookSecrets(db, key)).toEqual(new Map([['acct_1', [secret]]]))
    expect(await readWebhookSecrets(db, otherKey, ['acct_1'])).toEqual(new Map())
    await checkAccessTokens(db, key, { livemode: false })
    await expect(checkAccessTokens(db, otherKey, { livemode: null })).rejects.toMatchObject(
      wrongKey('acct_1'),
    )
  })

  test("are nobody's beside the account's own", async () => {
    await store('acct_1', {}, otherKey)
    await accounts.insertOne({ ...sealed, _id: 1, stripe_user_id: 'acct_1' })
    expect(await readWebhookSecrets(db, otherKey)).toEqual(new Map())
    await checkAccessTokens(db, otherKey, { livemode: null })
  })
})

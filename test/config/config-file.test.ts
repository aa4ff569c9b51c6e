import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type ConfigFile, readConfigFile } from '../../src/config/config-file.ts'
import { BillingSyncError } from '../../src/errors.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const name = 'billing-sync.config.json'

const read = async (content: unknown): Promise<ConfigFile> => {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  return readConfigFile(await temporaryFolder({ [name]: text }), undefined)
}

const problemOf = async (content: unknown): Promise<string> => {
  const error = await read(content).catch((thrown: unknown) => thrown)
  if (!(error instanceof BillingSyncError)) throw new TypeError(`accepted, or ${String(error)}`)
  expect([error.code, error.exitCode]).toEqual(['config_invalid', 2])
  expect(error.message).toContain(name)
  return error.message
}

const nothing = { name, settings: {}, unknownAccounts: 'accept', accounts: [] }

describe('where the file lies', () => {
  test('the default name may be missing', async () => {
    expect(await readConfigFile(await temporaryFolder(), undefined)).toEqual(nothing)
  })

  test('a file that is named must be there', async () => {
    const folder = await temporaryFolder()
    await expect(readConfigFile(folder, 'other.json')).rejects.toMatchObject({
      code: 'config_invalid',
      message: '--config: there is no file other.json',
    })
  })

  test('a file that is named is read in place of the default', async () => {
    const folder = await temporaryFolder({ 'a/b.json': '{"mode":"test"}', [name]: '{"mode":"live"}' })
    expect((await readConfigFile(folder, 'a/b.json')).settings).toEqual({ mode: 'test' })
    expect((await readConfigFile('/', join(folder, name))).settings).toEqual({ mode: 'live' })
  })

  test('one that is a folder is told', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, name))
    await expect(readConfigFile(folder, undefined)).rejects.toMatchObject({
      code: 'config_invalid',
      message: `${name}: is a folder, expected a file`,
    })
    await expect(readConfigFile(folder, '.', 'BILLING_SYNC_CONFIG')).rejects.toMatchObject({
      message: 'BILLING_SYNC_CONFIG: . is a folder, expected a file',
    })
  })

  test('an empty name is no file', async () => {
    await expect(readConfigFile(await temporaryFolder(), '')).rejects.toMatchObject({
      code: 'config_invalid',
      message: '--config: expected the name of a file, got an empty one',
    })
  })
})

describe('what the file says', () => {
  test('an empty object says nothing', async () => {
    expect(await read({})).toEqual(nothing)
  })

  test('a byte order mark before it says nothing', async () => {
    expect(await read('\uFEFF{"mode":"test"}')).toEqual({ ...nothing, settings: { mode: 'test' } })
  })

  test('settings, accounts and what to do with unknown ones are told apart', async () => {
    const mappings = [
      { from: 'email', to: 'email' },
      { from: 'address.city', to: 'address.city' },
      { from: 'metadata.plan', to: 'custom.plan' },
    ]
    const account = { stripe_user_id: 'acct_1', new_contact: true, support: false, mappings }
    const file = await read({
      mongodbUri: 'mongodb://x',
      retention: '7d',
      unknown_accounts: 'park',
      accounts: [account],
    })
    expect(file).toEqual({
      name,
      settings: { mongodbUri: 'mongodb://x', retention: '7d' },
      unknownAccounts: 'park',
      accounts: [account],
    })
  })

  test('an account keeps the fields that it does not name unnamed', async () => {
    const { accounts } = await read({ accounts: [{ stripe_user_id: 'acct_1' }] })
    expect(accounts).toEqual([{ stripe_user_id: 'acct_1' }])
    expect(Object.keys(accounts[0] ?? {})).toEqual(['stripe_user_id'])
  })
})

describe('the secrets of an account', () => {
  const secret = 'whsec_0123456789abcdef'

  test('are its access token and those of its own endpoints', async () => {
    const account = { stripe_user_id: 'acct_1', access_token: 'sk_test_1', webhook_secrets: [secret] }
    expect((await read({ accounts: [account] })).accounts).toEqual([account])
  })

  test('may be none, which forgets those listed before', async () => {
    const account = { stripe_user_id: 'acct_1', access_token: null, webhook_secrets: [] }
    expect((await read({ accounts: [account] })).accounts).toEqual([account])
  })

  test.each([
    ['accounts[0].access_token', { access_token: 'sk_sekr' }],
    ['accounts[0].access_token', { access_token: ['sk_test_sekret'] }],
    ['accounts[0].webhook_secrets[1]', { webhook_secrets: [secret, 'sekret'] }],
    ['accounts[0].webhook_secrets', { webhook_secrets: secret }],
  ])('are told by place and never quoted: %s', async (place, fields) => {
    const problem = await problemOf({ accounts: [{ stripe_user_id: 'acct_1', ...fields }] })
    expect(problem).toContain(place)
    expect(problem).not.toMatch(/sekr|0123456789abcdef/)
  })

  test('tell accounts apart, so two cannot share one', async () => {
    const accounts = ['acct_1', 'acct_2'].map((id) => ({ stripe_user_id: id, webhook_secrets: [secret] }))
    const problem = await problemOf({ accounts })
    expect(problem).toContain('acct_1 and acct_2 list the same webhook secret')
    expect(problem).not.toContain(secret)
  })
})

describe('a file that cannot be used', () => {
  test.each([
    ['it is not valid JSON (line 2, column 1)', '{"mode": "test",\n}'],
    ['it is not valid JSON: it ends too early', '{"mode": '],
    ['it is not valid JSON (line 1, column 10)', '{"mode": test}'],
    ['"mode" is given twice (line 2, column 1)', '{"mode": "test",\n"mode": "live"}'],
    [
      '"new_contact" is given twice (line 1, column',
      '{"accounts": [{"new_contact": true, "new_contact": false}]}',
    ],
    ['it is empty, expected a JSON object', ''],
    ['it is empty, expected a JSON object', '\uFEFF \n'],
    [`${name}: expected an object, got a list`, '[]'],
    [`${name}: expected an object, got null`, 'null'],
    ['unknown key "mongoUri"', { mongoUri: 'mongodb://x' }],
    ['unknown key "__proto__"', '{"__proto__": {"mode": "live"}}'],
    ['unknown key "constructor"', { constructor: 1 }],
    ['unknown key "stripeKey"', { stripeKey: 'sk_test_sekret' }],
    ['unknown_accounts: expected accept or park, got "drop"', { unknown_accounts: 'drop' }],
    ['accounts: expected a list, got an object', { accounts: {} }],
    ['accounts[0]: expected an object, got a text', { accounts: ['acct_1'] }],
    ['accounts[0]: expected an object, got a list', { accounts: [[]] }],
    ['accounts[0]: unknown key "newContact"', { accounts: [{ stripe_user_id: 'acct_1', newContact: true }] }],
    ['accounts[0].stripe_user_id: expected an account id', { accounts: [{ stripe_user_id: 'me' }] }],
    ['accounts[0].stripe_user_id: expected an account id such as acct_1…, got nothing', { accounts: [{}] }],
    [
      'accounts[1].support: expected true or false, got a text',
      { accounts: [{ stripe_user_id: 'acct_1' }, { stripe_user_id: 'acct_2', support: 'yes' }] },
    ],
    ['acct_1 is listed twice', { accounts: [{ stripe_user_id: 'acct_1' }, { stripe_user_id: 'acct_1' }] }],
  ])('is told with the place: %s', async (problem, content) => {
    expect(await problemOf(content)).toContain(problem)
  })

  test('is never quoted, for it may hold secrets', async () => {
    expect(await problemOf('{"mongodbUri": "mongodb://u:sekret@h" oops')).not.toContain('sekret')
  })

  test.each([
    '_id',
    '_id.x',
    'stripe_user_id',
    'stripe_customer_id',
    'former_stripe_customer_ids',
    'created_at',
    '__proto__',
    'custom.__proto__.polluted',
    'custom.constructor.prototype',
    '$set',
    'custom.$where',
    '',
    'a..b',
    ' email',
    'custom.plan ',
    'a\0b',
    'a.b.c.d.e.f.g.h.i',
  ])('maps to what a mapping must not reach: %j', async (to) => {
    const problem = await problemOf({
      accounts: [{ stripe_user_id: 'acct_1', mappings: [{ from: 'name', to }] }],
    })
    expect(problem).toContain('accounts[0].mappings[0]')
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  test('maps from nothing', async () => {
    const mappings = [
      { from: 'email', to: 'email' },
      { from: '', to: 'name' },
    ]
    expect(await problemOf({ accounts: [{ stripe_user_id: 'acct_1', mappings }] })).toContain(
      'accounts[0].mappings[1]',
    )
  })

  test.each([
    ['one field twice', ['email', 'a'], ['name', 'a']],
    ['a field and one within it', ['email', 'a'], ['name', 'a.b']],
    ['a field and one around it', ['email', 'a.b.c'], ['name', 'a.b']],
  ])('maps to %s, naming both rules', async (_, first, second) => {
    const rules = [first, ['phone', 'ab'], second].map(([from, to]) => ({ from, to }))
    const problem = await problemOf({ accounts: [{ stripe_user_id: 'acct_1', mappings: rules }] })
    expect(problem).toContain('accounts[0].mappings: ')
    expect(problem).toContain(`${JSON.stringify(rules[0])} and ${JSON.stringify(rules[2])}`)
  })

  test('maps to more fields than it may', async () => {
    const mappings = Array.from({ length: 201 }, (_, index) => ({ from: 'name', to: `a${index}` }))
    expect(await problemOf({ accounts: [{ stripe_user_id: 'acct_1', mappings }] })).toContain(
      'accounts[0].mappings: expected at most 200 entries, got 201',
    )
  })

  test('maps more than it may, which is told before what each mapping lacks', async () => {
    const problemOfMappings = (mappings: unknown) =>
      problemOf({ accounts: [{ stripe_user_id: 'acct_1', mappings }] })
    expect(await problemOfMappings(Array(201).fill({}))).toContain('mappings: expected at most 200 entries')
    expect(await problemOfMappings([{}])).toContain('mappings[0].from: expected a text, got nothing')
  })

  test('holds a wrong field, which is told before a key that nobody knows', async () => {
    const account = { newContact: true, stripe_user_id: 'acct_1', support: 'yes' }
    expect(await problemOf({ accounts: [account] })).toContain('accounts[0].support: expected true or false')
  })
})

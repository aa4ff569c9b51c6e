import { describe, expect, onTestFinished, test } from 'vitest'
import { type ConfigFlags, loadConfig } from '../../src/config/config.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

interface Given {
  readonly flags?: ConfigFlags
  readonly env?: Readonly<Record<string, string>>
  readonly file?: object
}

const load = async ({ flags = {}, env = {}, file = {} }: Given) => {
  const lines = Object.entries(env).map(([name, value]) => `${name}='${value}'`)
  const files = { '.env': lines.join('\n'), 'billing-sync.config.json': JSON.stringify(file) }
  return loadConfig(flags, await temporaryFolder(files))
}

describe('loadConfig', () => {
  test('has defaults for everything', async () => {
    const folder = await temporaryFolder()
    expect(await loadConfig({}, folder)).toMatchObject({
      mongodbUri: undefined,
      retentionMs: 30 * 86_400_000,
      livemode: null,
      unknownAccounts: 'accept',
      accounts: [],
      folder,
      environment: { path: process.env.PATH },
    })
  })

  test('takes the flag before the environment before the file', async () => {
    const flags = { mongodbUri: 'mongodb://flag' }
    const env = { MONGODB_URI: 'mongodb://env' }
    const file = { mongodbUri: 'mongodb://file' }
    expect((await load({ flags, env, file })).mongodbUri).toBe('mongodb://flag')
    expect((await load({ env, file })).mongodbUri).toBe('mongodb://env')
    expect((await load({ file })).mongodbUri).toBe('mongodb://file')
  })

  test('tells where the MongoDB server was named', async () => {
    const file = { mongodbUri: 'mongodb://file' }
    const sourceOf = async (given: Given) => (await load(given)).mongodbUriSource
    expect(await sourceOf({ flags: { mongodbUri: 'mongodb://flag' }, file })).toBe('--mongodb-uri')
    expect(await sourceOf({ env: { MONGODB_URI: 'mongodb://env' }, file })).toBe('MONGODB_URI')
    expect(await sourceOf({ file })).toBe('billing-sync.config.json: key "mongodbUri"')
    expect(await sourceOf({})).toBe('MONGODB_URI')
  })

  test('rules no live screen out for what a .env file says of a CI, which ink does not ask', async () => {
    for (const name of ['TERM', 'CI', 'CONTINUOUS_INTEGRATION']) {
      const value = process.env[name]
      delete process.env[name]
      onTestFinished(() => {
        if (value !== undefined) process.env[name] = value
      })
    }
    expect((await load({ env: { CI: 'true' } })).allowsLiveScreens).toBe(true)
  })

  test('takes a variable that is set to nothing for one that is not set', async () => {
    const given = {
      env: { MONGODB_URI: '', BILLING_SYNC_CONFIG: '' },
      file: { mongodbUri: 'mongodb://file' },
    }
    expect((await load(given)).mongodbUri).toBe('mongodb://file')
  })

  test('reads the file that the environment names', async () => {
    const folder = await temporaryFolder({
      '.env': 'BILLING_SYNC_CONFIG=x.json',
      'x.json': '{"retention":"1h"}',
    })
    expect((await loadConfig({}, folder)).retentionMs).toBe(3_600_000)
  })

  test('lets processes that outlive the command know all but the settings', async () => {
    process.env.SOCKET_SECRET = 'a sekret of more than 32 characters'
    onTestFinished(() => {
      delete process.env.SOCKET_SECRET
    })
    const { socketSecret, serverVariables } = await load({})
    expect(socketSecret).toContain('sekret')
    expect(serverVariables).toMatchObject({ PATH: process.env.PATH })
    expect(JSON.stringify(serverVariables)).not.toContain('sekret')
  })

  test('is frozen', async () => {
    expect(Object.isFrozen(await load({}))).toBe(true)
  })
})

describe('an access token in the config file', () => {
  const file = {
    accounts: [{ stripe_user_id: 'acct_0' }, { stripe_user_id: 'acct_1', access_token: 'sk_test_sekret' }],
  }

  test('needs an encryption key, which is told without the token', async () => {
    const error = await load({ file }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'config_invalid', exitCode: 2 })
    expect(String(error)).toMatch(/BILLING_SYNC_ENCRYPTION_KEY: .*acct_1/)
    expect(String(error)).not.toContain('sekret')
  })

  test('is taken with one', async () => {
    const env = { BILLING_SYNC_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64') }
    expect((await load({ env, file })).accounts).toEqual(file.accounts)
  })
})

describe('an access token of the other mode than the platform key', () => {
  const BILLING_SYNC_ENCRYPTION_KEY = Buffer.alloc(32, 7).toString('base64')
  const listing = (token: string) => ({
    accounts: [{ stripe_user_id: 'acct_0' }, { stripe_user_id: 'acct_1', access_token: token }],
  })

  test.each([
    ['sk_live_12345678', 'sk_test_sekret', 'live mode, as STRIPE_SECRET_KEY is, got one of test mode'],
    ['sk_test_12345678', 'rk_live_sekret', 'test mode, as STRIPE_SECRET_KEY is, got one of live mode'],
  ])('is refused beside %s, without being told: %s', async (platformKey, token, problem) => {
    const env = { BILLING_SYNC_ENCRYPTION_KEY, STRIPE_SECRET_KEY: platformKey }
    const error = await load({ env, file: listing(token) }).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'config_invalid', exitCode: 2 })
    expect(String(error)).toContain(`json: accounts[1].access_token: expected a key of ${problem}`)
    expect(String(error)).not.toContain('sekret')
  })

  test.each([
    ['sk_live_12345678', 'rk_live_sekret'],
    ['key_of_another_form', 'sk_test_sekret'],
    ['', 'sk_test_sekret'],
  ])('is none beside %j: %s', async (platformKey, token) => {
    const env = { BILLING_SYNC_ENCRYPTION_KEY, STRIPE_SECRET_KEY: platformKey }
    expect((await load({ env, file: listing(token) })).accounts).toHaveLength(2)
  })
})

describe('the mode', () => {
  test.each([
    [null, {}],
    [true, { BILLING_SYNC_MODE: 'live' }],
    [false, { BILLING_SYNC_MODE: 'test' }],
    [null, { BILLING_SYNC_MODE: 'any' }],
    [true, { STRIPE_SECRET_KEY: 'sk_live_12345678' }],
    [false, { STRIPE_SECRET_KEY: 'sk_test_12345678' }],
    [true, { STRIPE_SECRET_KEY: 'rk_live_12345678' }],
    [true, { STRIPE_SECRET_KEY: ' sk_live_12345678' }],
    [true, { STRIPE_SECRET_KEY: 'sk_org_live_12345678' }],
    [null, { STRIPE_SECRET_KEY: 'key_of_another_form' }],
    [null, { STRIPE_SECRET_KEY: 'sk_live_12345678', BILLING_SYNC_MODE: 'any' }],
    [false, { STRIPE_SECRET_KEY: 'sk_live_12345678', BILLING_SYNC_MODE: 'test' }],
  ])('is %s for %j', async (livemode, env) => {
    expect((await load({ env })).livemode).toBe(livemode)
  })
})

describe('a wrong value is told by where it came from', () => {
  test.each([
    ['--mongodb-uri: ', { flags: { mongodbUri: 'localhost' } }],
    ['--log-level: ', { flags: { logLevel: 'loud' } }],
    ['MONGODB_URI: ', { env: { MONGODB_URI: 'localhost' } }],
    ['BILLING_SYNC_RETENTION: ', { env: { BILLING_SYNC_RETENTION: 'soon' } }],
    ['BILLING_SYNC_MODE: ', { env: { BILLING_SYNC_MODE: 'production' } }],
    ['STRIPE_ACCOUNT_ID: ', { env: { STRIPE_ACCOUNT_ID: 'me' } }],
    ['billing-sync.config.json: key "retention": ', { file: { retention: 30 } }],
    ['billing-sync.config.json: key "mode": ', { file: { mode: true } }],
    ['--host: expected an address to listen on', { flags: { host: '' } }],
    ['key "host": expected a text, got a number', { file: { host: 4242 } }],
    ['--port: expected a whole number from 0 to 65535, got ""', { flags: { port: '' } }],
    ['key "port": expected a whole number from 0 to 65535, got "null"', { file: { port: null } }],
    ['key "port": expected a whole number from 0 to 65535, got "true"', { file: { port: true } }],
    ['key "maxBacklog": expected a whole number', { file: { maxBacklog: [7] } }],
  ] satisfies [string, Given][])('%s', async (source, given) => {
    const loading = load(given)
    await expect(loading).rejects.toMatchObject({ code: 'config_invalid', exitCode: 2 })
    await expect(loading).rejects.toThrow(source)
  })

  test.each([
    ['PORT: expected a whole number from 0 to 65535, got "abc"', { PORT: 'abc' }],
    ['PORT: expected a whole number from 0 to 65535, got "70000"', { PORT: '70000' }],
    ['BILLING_SYNC_MODE: expected live, test, any, got "prod"', { BILLING_SYNC_MODE: 'prod' }],
    ['BILLING_SYNC_MAX_BODY: expected 15MiB or less, got "20MiB"', { BILLING_SYNC_MAX_BODY: '20MiB' }],
    [
      'STRIPE_WEBHOOK_SECRET: number 2: expected secrets of 16',
      { STRIPE_WEBHOOK_SECRET: 'x'.repeat(20).concat(',short') },
    ],
  ])('with what was expected and what came: %s', async (message, env) => {
    await expect(load({ env })).rejects.toThrow(message)
  })

  test('and never quoted where it is a secret', async () => {
    await expect(load({ env: { STRIPE_SECRET_KEY: 'sekret' } })).rejects.toThrow(
      /^STRIPE_SECRET_KEY: (?!.*sekret)/,
    )
    await expect(load({ env: { MONGODB_URI: 'http://u:sekret@h' } })).rejects.toThrow(
      /^MONGODB_URI: (?!.*sekret)/,
    )
  })
})

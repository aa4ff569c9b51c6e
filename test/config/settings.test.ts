import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { wordsOfIssue } from '../../src/config/schema-words.ts'
import { type SettingName, settingRows } from '../../src/config/settings.ts'

const parse = (name: SettingName, value: unknown): unknown => {
  const parsed = v.safeParse(settingRows[name].schema, value, { message: wordsOfIssue })
  return parsed.success ? parsed.output : parsed.issues[0].message
}

describe('the table of settings', () => {
  test('names every variable and every key once', () => {
    const rows = Object.values(settingRows)
    const keys = rows.map(({ key }) => key).filter((key) => key !== null)
    expect(new Set(rows.map(({ env }) => env)).size).toBe(rows.length)
    expect(new Set(keys).size).toBe(keys.length)
    expect(keys.filter((key) => !/^[a-z][A-Za-z]*$/.test(key))).toEqual([])
  })

  test('has no key for a secret', () => {
    expect(settingRows.stripeKey.key).toBeNull()
  })

  test('is told whole by the table of the README', () => {
    const rows = Object.values(settingRows)
    const { variables, keys } = tableInReadme()
    expect(variables).toEqual([...rows.map(({ env }) => env), 'BILLING_SYNC_CONFIG'].sort())
    expect(keys).toEqual(rows.flatMap(({ key }) => key ?? []).sort())
  })
})

/** Variables and config keys in the table under the README's heading on settings, sorted. */
const tableInReadme = () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const [, section = ''] = readme.split(/^## Settings$/m)
  const [table = ''] = section.split(/^## /m)
  const cells = table.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  const codesIn = (column: number) =>
    cells.flatMap((row) => [...(row[column] ?? '').matchAll(/`(\w+)`/g)].map(([, code = '']) => code)).sort()
  return { variables: codesIn(3), keys: codesIn(4) }
}

describe("the base of Stripe's API", () => {
  test.each(['http://127.0.0.1:12111', 'https://stripe.internal/'])('of %s is understood', (given) => {
    expect(parse('stripeApiBase', given)).toBe(given)
  })

  // All but the host and the port would be left out without a word.
  test.each(['http://a:1/v1', 'http://a:1?b', 'http://a:1#b', 'http://user:word@a:1', 'a:1', 'ftp://a'])(
    'of %s is refused',
    (given) => {
      expect(parse('stripeApiBase', given)).toMatch(/expected a base without a path, such as/)
    },
  )
})

describe('time kept', () => {
  test.each([
    ['30d', 30 * 86_400_000],
    ['12h', 12 * 3_600_000],
    ['1.5h', 5_400_000],
    ['90 s', 90_000],
    [undefined, 30 * 86_400_000],
  ])('of %j is understood', (given, milliseconds) => {
    expect(parse('retentionMs', given)).toBe(milliseconds)
  })

  test.each(['30', 30, '', '-1d', '0d', 'soon', '1 fortnight', 'd', '1e9d', ' '])(
    'of %j is refused',
    (given) => {
      expect(parse('retentionMs', given)).toMatch(/expected a time such as 30d or 12h/)
    },
  )
})

describe('the MongoDB URI', () => {
  test.each(['mongodb://localhost/x', 'mongodb+srv://cluster.example.org/'])('may be %s', (uri) => {
    expect(parse('mongodbUri', uri)).toBe(uri)
  })

  test.each(['localhost:27017', 'http://localhost', 'mongodb://', 'postgres://x', 7])(
    'must not be %s',
    (uri) => {
      expect(parse('mongodbUri', uri)).toMatch(/expected/)
    },
  )
})

describe('the other settings', () => {
  test.each([
    ['mode', 'production', /expected live, test, any/],
    ['logLevel', 'loud', /expected trace, debug, info/],
    ['platformAccount', 'me', /expected an account id/],
    ['platformAccount', 'acct_1 ', /expected an account id/],
    ['stripeKey', 'short', /expected a Stripe secret key/],
  ] as const)('refuse a wrong value of %s: %s', (name, value, problem) => {
    expect(parse(name, value)).toMatch(problem)
  })

  test.each(['stripeKey', 'metricsToken', 'socketSecret', 'webhookSecrets'] as const)(
    'take %s without the blanks around it',
    (name) => {
      const secret = name === 'webhookSecrets' ? 'whsec_of_an_endpoint' : 'sk_live_of_the_platform'
      expect(parse(name, ` ${secret}\r\n`)).toEqual(name === 'webhookSecrets' ? [secret] : secret)
      expect(parse(name, ' '.repeat(40))).toMatch(/^expected /)
    },
  )

  test('take the encryption key without the blanks around it', () => {
    const key = Buffer.alloc(32, 7)
    for (const text of [` ${key.toString('base64')} `, `${key.toString('base64')}\n`])
      expect(parse('encryptionKey', text)).toEqual(key)
    const wrong = [`${'A'.repeat(20)} ${'A'.repeat(23)}=`, `${'\u212a'.repeat(4)}${key.toString('base64')}`]
    for (const text of ['  ', Buffer.alloc(31).toString('base64'), ...wrong])
      expect(parse('encryptionKey', text)).toBe('expected 32 bytes in base64')
  })

  test.each([
    ['host', '127.0.0.1'],
    ['mongodbUri', 'mongodb://localhost/x'],
    ['redisUrl', 'redis://localhost:6379'],
    ['stripeApiBase', 'http://127.0.0.1:12111'],
  ] as const)('take the address %s without the blanks around it', (name, address) => {
    expect(parse(name, ` ${address} \n`)).toBe(address)
    expect(parse(name, '  ')).toMatch(/^expected /)
  })

  test('count the characters of a secret as people do', () => {
    for (const name of ['socketSecret', 'webhookSecrets'] as const)
      expect(parse(name, '\u{1f511}'.repeat(15))).toBe('expected secrets of 16 characters or more')
    expect(parse('socketSecret', '\u{1f511}'.repeat(16))).toBe('\u{1f511}'.repeat(16))
  })

  test.each([
    ['8080', 8080],
    [' 8080\n', 8080],
    [8080, 8080],
  ])('take the whole number %j', (given, port) => {
    expect(parse('port', given)).toBe(port)
  })

  test.each(['1e4', '0x2000', '8080.0', '+8080', ' ', true])('refuse the whole number %j', (given) => {
    expect(parse('port', given)).toMatch(/^expected a whole number from 0 to 65535/)
  })

  test.each(['sk_test_0123456789', 'rk_live_0123456789', 'pk_live_0123456789'])(
    'refuse %s as the secret of an endpoint',
    (key) => {
      const problem = 'expected the signing secret of an endpoint (whsec_…), got an API key'
      expect(parse('webhookSecrets', `whsec_0123456789,${key}`)).toBe(problem)
    },
  )

  test.each(['retentionMs', 'maxBodyBytes'] as const)('refuse %s without an end', (name) => {
    expect(parse(name, JSON.parse('1e999'))).not.toContain('Infinity')
  })

  test.each(['stripeKey', 'metricsToken'] as const)('refuse %s that no header can carry', (name) => {
    for (const text of ['sk_live_of\nthe_platform', 'sk_live_of_thé_platform'])
      expect(parse(name, text)).toBe('expected plain ASCII characters')
  })

  test.each(['mongodbUri', 'mongodPath', 'stripeKey', 'platformAccount', 'mode', 'logLevel'] as const)(
    'may leave %s out',
    (name) => {
      expect(parse(name, undefined)).toBeUndefined()
    },
  )
})

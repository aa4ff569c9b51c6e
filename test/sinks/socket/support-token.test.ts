import { randomBytes } from 'node:crypto'
import { type JWTHeaderParameters, SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { BillingSyncError } from '../../../src/errors.ts'
import { verifySupportToken } from '../../../src/sinks/socket/support-token.ts'
import { socketSecret, supportToken } from '../../support/support-client.ts'

const key = new TextEncoder().encode(socketSecret)
const inAMinute = Math.floor(Date.now() / 1000) + 60

const signed = (claims: Record<string, unknown>, alg = 'HS256', secret: Uint8Array = key): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg } as JWTHeaderParameters).sign(secret)

const codeOf = (error: unknown) => (error instanceof BillingSyncError ? error.code : String(error))

describe('a token', () => {
  test('tells its account and when it expires', async () => {
    const token = await signed({ stripe_user_id: 'acct_1', exp: inAMinute })
    expect(await verifySupportToken(token, socketSecret)).toEqual({
      account: 'acct_1',
      expiresAt: inAMinute * 1000,
    })
  })

  test('without an expiry holds for ever', async () => {
    const token = await signed({ stripe_user_id: 'acct_1' })
    expect(await verifySupportToken(token, socketSecret)).toEqual({ account: 'acct_1', expiresAt: null })
  })

  const claims = { stripe_user_id: 'acct_1', exp: inAMinute }
  const tampered = async (): Promise<string> => {
    const [header, , signature] = (await signed(claims)).split('.')
    const payload = Buffer.from(JSON.stringify({ ...claims, stripe_user_id: 'acct_2' })).toString('base64url')
    return [header, payload, signature].join('.')
  }

  test.each<[string, () => unknown]>([
    ['that is missing', () => undefined],
    ['that is empty', () => ''],
    ['that is an object', () => ({ $gt: '' })],
    ['that is no JWT', () => 'acct_1'],
    ['of another secret', () => signed(claims, 'HS256', randomBytes(32))],
    ['that was tampered with', tampered],
    ['that has expired', () => supportToken('acct_1', { expiresIn: -1 })],
    ['that is not valid yet', () => signed({ ...claims, nbf: inAMinute })],
    ['with alg none', () => new UnsecuredJWT(claims).encode()],
    ['signed with HS384', () => signed(claims, 'HS384', Buffer.concat([key, Buffer.alloc(0)]))],
    ['signed with HS512', () => signed(claims, 'HS512', Buffer.from(socketSecret.padEnd(64)))],
    ['without an account', () => signed({ exp: inAMinute })],
    ['with an empty account', () => signed({ ...claims, stripe_user_id: '' })],
    ['with several accounts', () => signed({ ...claims, stripe_user_id: ['acct_1', 'acct_2'] })],
  ])('%s is refused', async (_title, make) => {
    expect(await verifySupportToken(await make(), socketSecret).catch(codeOf)).toBe('socket_unauthorized')
  })

  test('signed with another HMAC of the same secret is refused', async () => {
    const secret = 'x'.repeat(64)
    const token = await signed(claims, 'HS512', new TextEncoder().encode(secret))
    expect(await verifySupportToken(token, secret).catch(codeOf)).toBe('socket_unauthorized')
  })
})

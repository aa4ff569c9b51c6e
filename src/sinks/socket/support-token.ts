// Who a Support client is. Guarantee: only a JWT signed with HS256 and the socket secret is believed (no `alg: none`,
// no other algorithm), never after its `exp`, and it names one account.

import { errors, jwtVerify } from 'jose'
import { BillingSyncError } from '../../errors.ts'

export interface SupportClaims {
  readonly account: string
  /** Milliseconds since 1970; null where the token does not expire. */
  readonly expiresAt: number | null
}

/** Returns what a token claims. Throws `socket_unauthorized`. */
export const verifySupportToken = async (token: unknown, secret: string): Promise<SupportClaims> => {
  if (typeof token !== 'string') throw unauthorized('none came')
  const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), {
    algorithms: ['HS256'],
  }).catch((error: unknown) => {
    throw unauthorized(reasonOf(error), error)
  })
  const account = payload.stripe_user_id
  if (typeof account !== 'string' || account === '') throw unauthorized('it has no claim stripe_user_id')
  return { account, expiresAt: payload.exp === undefined ? null : payload.exp * 1000 }
}

const unauthorized = (reason: string, cause?: unknown): BillingSyncError =>
  new BillingSyncError('socket_unauthorized', { reason }, { cause })

const reasonOf = (error: unknown): string =>
  error instanceof errors.JWTExpired ? 'it has expired' : 'it does not verify'

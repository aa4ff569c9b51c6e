// Who asks, and for which account: the key of a request, and the account that its headers name.
import type { IncomingHttpHeaders } from 'node:http'
import { ApiError, accountInvalid, permissionMissing, unauthorized } from './api-error.ts'
import { type ApiKey, PLATFORM_ID, type World } from './world.ts'

/** What the headers of a request say, unchecked. */
export interface Claims {
  readonly secret: string | null
  /** Account named by `Stripe-Account` or at the end of `Stripe-Context`. */
  readonly account: string | null
  readonly namesAccountTwice: boolean
}

/** Reads who a request claims to come from. */
export const claimsOf = (headers: IncomingHttpHeaders): Claims => {
  const account = text(headers['stripe-account'])
  const context = text(headers['stripe-context'])
  return {
    secret: secretOf(headers.authorization),
    account: account ?? context?.split('/').at(-1) ?? null,
    namesAccountTwice: account !== null && context !== null,
  }
}

/** A key that is in order, and the account that the request acts for. */
export interface Identity {
  readonly key: ApiKey
  readonly secret: string
  readonly accountId: string
}

/** Returns who asks; throws ApiError 401 for the key, 403 for the account. */
export const authenticate = (world: World, { secret, account, namesAccountTwice }: Claims): Identity => {
  const key = secret === null ? undefined : world.keyOf(secret)
  if (secret === null || key === undefined) throw unauthorized(secret)
  if (namesAccountTwice) {
    throw new ApiError(400, 'You may not provide both the Stripe-Account and the Stripe-Context header.')
  }
  const accountId = account ?? key.accountId
  const isReached =
    accountId === key.accountId || (key.accountId === PLATFORM_ID && world.isLinked(accountId))
  if (!isReached) throw accountInvalid(secret, accountId)
  return { key, secret, accountId }
}

/** Throws ApiError 403 when a restricted key may not read the resource. */
export const refuseForbidden = ({ key, secret }: Identity, resource: string): void => {
  if (key.forbidden.has(resource)) throw permissionMissing(secret, resource)
}

const secretOf = (authorization: string | undefined): string | null => {
  const [scheme = '', credentials = ''] = (authorization ?? '').split(' ')
  if (scheme.toLowerCase() === 'bearer') return credentials === '' ? null : credentials
  if (scheme.toLowerCase() !== 'basic') return null
  return Buffer.from(credentials, 'base64').toString().split(':')[0] ?? null
}

const text = (header: string | readonly string[] | undefined): string | null =>
  typeof header === 'string' && header !== '' ? header : null

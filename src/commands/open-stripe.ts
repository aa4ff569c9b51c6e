// Joins Stripe to the pipeline where a key is set; without one nothing is retrieved. The SDK is loaded only then.

import type { Config } from '../config/config.ts'
import type { ObservationSource } from '../core/observation.ts'
import type { ReadObjects } from '../pipeline-store.ts'
import { checkAccessTokens, readAccessToken } from '../store/account-secrets.ts'
import type { Database } from '../store/database.ts'

export interface StripeAccess {
  /** Null where payloads are taken as they are. */
  readonly readObjects: ReadObjects | null
  /** Asks Stripe for the platform's own account id. Throws `stripe_unauthorized`, `stripe_unavailable` or `stripe_refused`. */
  readonly askPlatform: (() => Promise<string>) | null
}

export interface StripeRequest {
  readonly database: Database
  readonly source: ObservationSource
  readonly platformAccount: () => Promise<string>
  /** How long one object's trouble that passes is waited out, in milliseconds. */
  readonly patienceMs: number
  /** True where the config's accounts are not in the database, so that their tokens are taken from the config. */
  readonly dryRun?: boolean
  /** Told what is waited for, for people; null once it is over. */
  readonly onWaiting?: (reason: string | null) => void
}

/**
 * Returns what the configuration allows to ask of Stripe. Throws `config_invalid` where an account's access token can't
 * be opened.
 */
export const openStripeAccess = async (config: Config, request: StripeRequest): Promise<StripeAccess> => {
  const { stripeKey: secretKey, stripeApiBase: apiBase } = config
  if (secretKey === undefined) return { readObjects: null, askPlatform: null }
  const [{ clientOf, openAccountClients, openStripe }, { openObjectReader }, { askPlatformAccount }, clock] =
    await Promise.all([
      import('../sources/stripe/account-client.ts'),
      import('../sources/stripe/object-reader.ts'),
      import('../sources/stripe/platform.ts'),
      import('../sources/stripe/stripe-clock.ts'),
    ])
  const stripe = openStripe({ secretKey, apiBase })
  const askPlatform = () => askPlatformAccount(clientOf(stripe, null))
  if (config.hydrate === 'never') return { readObjects: null, askPlatform }
  const readObjects = openObjectReader({
    clientOf: openAccountClients({
      platform: stripe,
      openStripe: (accessToken) => openStripe({ secretKey: accessToken, apiBase }),
      accessTokenOf: await openAccessTokens(config, request),
      platformAccount: request.platformAccount,
    }),
    clock: new clock.StripeClock(Date.now),
    source: request.source,
    livemode: livemodeOfKey(secretKey),
    patienceMs: request.patienceMs,
    random: Math.random,
    onWaiting: request.onWaiting ?? (() => undefined),
  })
  return { readObjects, askPlatform }
}

/**
 * Returns what answers an account's own access token, null where it has none. Throws `config_invalid` where one can't be
 * opened: opening them all first tells a wrong encryption key before any work.
 */
export const openAccessTokens = async (
  { accounts, encryptionKey }: Config,
  { database: { db }, dryRun }: Pick<StripeRequest, 'database' | 'dryRun'>,
): Promise<(account: string) => Promise<string | null>> => {
  const listed = new Map(
    accounts.flatMap(({ stripe_user_id: id, access_token: token }) =>
      dryRun === true && token !== undefined ? [[id, token] as const] : [],
    ),
  )
  await checkAccessTokens(db, encryptionKey, [...listed.keys()])
  return async (account) =>
    listed.has(account) ? (listed.get(account) ?? null) : readAccessToken(db, account, encryptionKey)
}

/** Returns the mode of a key, null where it does not tell. */
export const livemodeOfKey = (secretKey: string): boolean | null =>
  /^[rs]k_(live|test)_/.test(secretKey) ? secretKey.includes('_live_') : null

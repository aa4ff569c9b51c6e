// Stripe as one account: the platform's key, with `Stripe-Account` for a connected one, so that no call can be made
// without saying whose data it is about. https://docs.stripe.com/connect/authentication

import Stripe from 'stripe'
import { pinnedApiVersion } from './api-version.ts'
import { ObjectHttpClient } from './object-http-client.ts'

/** What makes requests for the SDK. */
export type HttpClient = InstanceType<typeof Stripe.HttpClient>

export interface StripeSettings {
  readonly secretKey: string
  /** Such as `http://127.0.0.1:12111`; undefined for Stripe's own. */
  readonly apiBase: string | undefined
  /** Makes the requests; a plain one unless given. */
  readonly httpClient?: HttpClient
}

/** The SDK and the options that every call of one account carries. */
export interface AccountClient {
  readonly stripe: Stripe
  readonly options: Stripe.RequestOptions
}

/** How long one request may be silent. */
const timeoutMs = 20_000

/** Returns the SDK for a key. It does not retry by itself: it ignores `Retry-After` and never retries a 429. */
export const openStripe = ({ secretKey, apiBase, httpClient = plainHttpClient() }: StripeSettings): Stripe =>
  new Stripe(secretKey, {
    apiVersion: pinnedApiVersion,
    maxNetworkRetries: 0,
    telemetry: false,
    timeout: timeoutMs,
    httpClient,
    ...(apiBase === undefined ? {} : addressOf(apiBase)),
  })

/** Returns what makes single requests for the SDK, over connections that are kept. */
export const plainHttpClient = (): ObjectHttpClient => new ObjectHttpClient()

/** Returns the client of an account; null is the platform itself. */
export const clientOf = (stripe: Stripe, account: string | null): AccountClient => ({
  stripe,
  options: account === null ? {} : { stripeAccount: account },
})

export interface AccountClientsOptions {
  readonly platformKey: string
  /** Opens the SDK with the key of an account; asked once for each key. */
  readonly open: (secretKey: string, owner: string) => Stripe
  /** Answers an account's own access token, null where it has none. */
  readonly accessTokenOf: (account: string) => Promise<string | null>
  readonly platformAccount: () => Promise<string>
}

/**
 * Returns what answers the client of an account: with its own access token where it has one (a token is about its own
 * account alone, so no account is named), else with the platform's key.
 */
export const openAccountClients = ({
  platformKey,
  open,
  accessTokenOf,
  platformAccount,
}: AccountClientsOptions): ((account: string) => Promise<AccountClient>) => {
  const opened = new Map<string, Stripe>()
  const withKey = (key: string, owner: string): Stripe => {
    const stripe = opened.get(key) ?? open(key, owner)
    opened.set(key, stripe)
    return stripe
  }
  return async (account) => {
    const token = await accessTokenOf(account)
    if (token !== null) return clientOf(withKey(token, account), null)
    const platform = await platformAccount()
    return clientOf(withKey(platformKey, platform), account === platform ? null : account)
  }
}

const addressOf = (apiBase: string): Pick<Stripe.StripeConfig, 'host' | 'port' | 'protocol'> => {
  const { hostname, port, protocol } = new URL(apiBase)
  const scheme = protocol === 'http:' ? 'http' : 'https'
  return {
    host: hostname,
    port: port === '' ? (scheme === 'http' ? 80 : 443) : Number(port),
    protocol: scheme,
  }
}

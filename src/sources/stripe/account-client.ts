// Stripe as one account: the platform's key, with `Stripe-Account` for a connected one, so that no call can be made
// without saying whose data it is about. https://docs.stripe.com/connect/authentication

import Stripe from 'stripe'
import { pinnedApiVersion } from './api-version.ts'

export interface StripeSettings {
  readonly secretKey: string
  /** Such as `http://127.0.0.1:12111`; undefined for Stripe's own. */
  readonly apiBase: string | undefined
  /** Makes the requests; the SDK's own unless given. */
  readonly httpClient?: Stripe.HttpClient
  /** How long one request may be silent, in milliseconds; default 20,000. */
  readonly timeoutMs?: number
}

/** The SDK and the options that every call of one account carries. */
export interface AccountClient {
  readonly stripe: Stripe
  readonly options: Stripe.RequestOptions
}

const defaultTimeoutMs = 20_000

/** Returns the SDK for a key. It does not retry by itself: it ignores `Retry-After` and never retries a 429. */
export const openStripe = ({ secretKey, apiBase, httpClient, timeoutMs }: StripeSettings): Stripe =>
  new Stripe(secretKey, {
    apiVersion: pinnedApiVersion,
    maxNetworkRetries: 0,
    telemetry: false,
    timeout: timeoutMs ?? defaultTimeoutMs,
    ...(httpClient === undefined ? {} : { httpClient }),
    ...(apiBase === undefined ? {} : addressOf(apiBase)),
  })

/** Returns what makes single requests for the SDK, over connections that are kept. */
export const plainHttpClient = (): InstanceType<typeof Stripe.HttpClient> => Stripe.createNodeHttpClient()

/** Returns the client of an account; null is the platform itself. */
export const clientOf = (stripe: Stripe, account: string | null): AccountClient => ({
  stripe,
  options: account === null ? {} : { stripeAccount: account },
})

export interface AccountClientsOptions {
  /** The SDK with the platform's key. */
  readonly platform: Stripe
  /** Answers the SDK with an access token. */
  readonly openStripe: (accessToken: string) => Stripe
  /** Answers an account's own access token, null where it has none. */
  readonly accessTokenOf: (account: string) => Promise<string | null>
  readonly platformAccount: () => Promise<string>
}

/**
 * Returns what answers the client of an account: with its own access token where it has one (a token is about its own
 * account alone, so no account is named), else with the platform's key.
 */
export const openAccountClients = ({
  platform,
  openStripe: open,
  accessTokenOf,
  platformAccount,
}: AccountClientsOptions): ((account: string) => Promise<AccountClient>) => {
  const opened = new Map<string, Stripe>()
  const withToken = (token: string): Stripe => {
    const stripe = opened.get(token) ?? open(token)
    opened.set(token, stripe)
    return stripe
  }
  return async (account) => {
    const token = await accessTokenOf(account)
    if (token !== null) return clientOf(withToken(token), null)
    return clientOf(platform, account === (await platformAccount()) ? null : account)
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

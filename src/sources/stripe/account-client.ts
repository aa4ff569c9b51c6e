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

/** Returns the client of an account; null is the platform itself. */
export const clientOf = (stripe: Stripe, account: string | null): AccountClient => ({
  stripe,
  options: account === null ? {} : { stripeAccount: account },
})

const addressOf = (apiBase: string): Pick<Stripe.StripeConfig, 'host' | 'port' | 'protocol'> => {
  const { hostname, port, protocol } = new URL(apiBase)
  const scheme = protocol === 'http:' ? 'http' : 'https'
  return {
    host: hostname,
    port: port === '' ? (scheme === 'http' ? 80 : 443) : Number(port),
    protocol: scheme,
  }
}

// What a failed call to Stripe means, decided by the error's class and code, never by its text:
// https://docs.stripe.com/api/errors

import Stripe from 'stripe'
import { BillingSyncError } from '../../errors.ts'

/** `missing`: no such object any more. `disconnected`: the account took the platform's access back. */
export type StripeFailure =
  | { readonly kind: 'missing' }
  | { readonly kind: 'disconnected' }
  /** Passes by itself, or once somebody mends the key: nothing is wrong with what was asked. */
  | { readonly kind: 'passing'; readonly error: BillingSyncError }
  | { readonly kind: 'refused'; readonly error: BillingSyncError }

/**
 * Returns what an error thrown by the SDK means; rethrows what is none of Stripe's.
 * @param what was asked for, in words
 */
export const failureOfStripe = (error: unknown, what = 'the object'): StripeFailure => {
  if (!(error instanceof Stripe.errors.StripeError)) throw error
  if (error.statusCode === 404) return { kind: 'missing' }
  if (error.code === 'account_invalid') return { kind: 'disconnected' }
  const code = passingCodeOf(error)
  if (code !== null) return { kind: 'passing', error: new BillingSyncError(code, {}, { cause: error }) }
  const details = { what, status: error.statusCode ?? 0, reason: error.code ?? error.type }
  return { kind: 'refused', error: refusalOf(details, error) }
}

/** Returns the error of something that Stripe does not show. */
export const refusalOf = (
  details: { readonly what: string; readonly status: number; readonly reason: string },
  cause: unknown,
): BillingSyncError => new BillingSyncError('stripe_refused', details, { cause })

const passingCodeOf = (error: Stripe.errors.StripeError) => {
  if (error instanceof Stripe.errors.StripeAuthenticationError) return 'stripe_unauthorized'
  if (error instanceof Stripe.errors.StripeRateLimitError) return 'stripe_rate_limited'
  const isOutage =
    error instanceof Stripe.errors.StripeConnectionError || error instanceof Stripe.errors.StripeAPIError
  return isOutage || (error.statusCode ?? 0) >= 500 || error.statusCode === 409 ? 'stripe_unavailable' : null
}

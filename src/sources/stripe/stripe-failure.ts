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
 * Returns what an error thrown by the SDK means, or the `stripe_unavailable` of an answer that is no good; rethrows what is
 * none of Stripe's.
 * @param what was asked for, in words
 */
export const failureOfStripe = (error: unknown, what = 'the object'): StripeFailure => {
  if (error instanceof BillingSyncError && error.code === 'stripe_unavailable')
    return { kind: 'passing', error }
  if (!(error instanceof Stripe.errors.StripeError)) throw error
  if (error.statusCode === 404) return { kind: 'missing' }
  if (error.code === 'account_invalid') return { kind: 'disconnected' }
  const code = passingCodeOf(error)
  if (code !== null) return { kind: 'passing', error: new BillingSyncError(code, {}, { cause: error }) }
  const details = { what, status: error.statusCode ?? 0, reason: error.code ?? error.type }
  return { kind: 'refused', error: refusalOf(details, error) }
}

/**
 * Returns the coded error of a failed call for what is always there, such as a list: `account_disconnected`, one that passes
 * (`retryable`), or `stripe_refused`; rethrows what is none of Stripe's.
 */
export const errorOfStripe = (
  error: unknown,
  { account, what }: { readonly account: string; readonly what: string },
): BillingSyncError => {
  const failure = failureOfStripe(error, what)
  if ('error' in failure) return failure.error
  if (failure.kind === 'missing') return refusalOf({ what, status: 404, reason: 'missing' }, error)
  return new BillingSyncError('account_disconnected', { account }, { cause: error })
}

/**
 * Returns the Unix second on Stripe's clock in which it answered with an error that the SDK threw, or that stands behind a
 * coded one.
 * @param otherwise what is returned where no answer tells it
 */
export const secondOfAnswer = (error: unknown, otherwise: number): number => {
  const thrown = error instanceof BillingSyncError ? error.cause : error
  const headers = thrown instanceof Stripe.errors.StripeError ? thrown.headers : undefined
  const date = Date.parse(headers?.date ?? '')
  return Number.isNaN(date) ? otherwise : date / 1000
}

/**
 * Returns what a call answers, or something else where the key may not read that or it is gone: a restricted key may read
 * an object and not what belongs to it. Throws the SDK's other errors.
 */
export const permitted = async <Result>(call: () => Promise<Result>, otherwise: Result): Promise<Result> => {
  try {
    return await call()
  } catch (error) {
    const { kind } = failureOfStripe(error)
    if (kind === 'refused' || kind === 'missing') return otherwise
    throw error
  }
}

/** Returns the error of something that Stripe does not show. */
export const refusalOf = (
  details: { readonly what: string; readonly status: number; readonly reason: string },
  cause: unknown,
): BillingSyncError => new BillingSyncError('stripe_refused', details, { cause })

/** 408 Request Timeout and 409 Conflict pass; every other status of 400 to 499 is an answer to what was asked. */
const passingRefusals: ReadonlySet<number> = new Set([408, 409])

const passingCodeOf = (error: Stripe.errors.StripeError) => {
  if (error instanceof Stripe.errors.StripeAuthenticationError) return 'stripe_unauthorized'
  if (error instanceof Stripe.errors.StripeRateLimitError) return 'stripe_rate_limited'
  // Asked first: of the rarer ones, such as 410 and 424, the SDK makes the error that it makes of an outage.
  const { statusCode: status = 0 } = error
  if (status >= 400 && status < 500) return passingRefusals.has(status) ? 'stripe_unavailable' : null
  const isOutage =
    error instanceof Stripe.errors.StripeConnectionError || error instanceof Stripe.errors.StripeAPIError
  return isOutage || status >= 500 ? 'stripe_unavailable' : null
}

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
 * Returns what an error thrown by the SDK means, the `stripe_unavailable` of an answer that is no good, or a `stripe_refused`
 * that names what was asked for already; rethrows what is none of Stripe's.
 * @param what was asked for, in words
 */
export const failureOfStripe = (error: unknown, what = 'the object'): StripeFailure => {
  if (error instanceof BillingSyncError && error.code === 'stripe_unavailable')
    return { kind: 'passing', error }
  if (error instanceof BillingSyncError && error.code === 'stripe_refused') return { kind: 'refused', error }
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

/** Tells whether the key may not read what was asked for: every other refusal is about the request. */
export const isForbidden = (error: unknown): boolean =>
  error instanceof Stripe.errors.StripePermissionError && failureOfStripe(error).kind === 'refused'

/** Tells whether the entry is gone after which a page was to begin. */
export const isCursorGone = (error: unknown): boolean =>
  error instanceof Stripe.errors.StripeInvalidRequestError &&
  error.code === 'resource_missing' &&
  (error.param === 'starting_after' || error.statusCode === 404)

/**
 * Returns why something that only helps is gone on without: a restricted key may read an object and not what belongs to it,
 * or the object is gone by now. Throws the SDK's errors for trouble that passes, and `stripe_refused` for every other refusal:
 * whoever took that for a missing permission would call complete what is not.
 * @param what was asked for, in words
 */
export const reasonToDoWithout = (error: unknown, what: string): 'forbidden' | 'gone' => {
  if (isForbidden(error)) return 'forbidden'
  // Of an object that a parameter names it comes with status 400.
  if (error instanceof Stripe.errors.StripeError && error.code === 'resource_missing') return 'gone'
  const failure = failureOfStripe(error, what)
  // As a bare 404 it would pass for the answer that the object itself is gone.
  if (failure.kind === 'missing') throw refusalOf({ what, status: 404, reason: 'missing' }, error)
  throw failure.kind === 'refused' ? failure.error : error
}

/** Returns what a call answers, or something else where `reasonToDoWithout` knows one. Throws as that does. */
export const permitted = async <Result>(
  call: () => Promise<Result>,
  { what, otherwise }: { readonly what: string; readonly otherwise: Result },
): Promise<Result> => {
  try {
    return await call()
  } catch (error) {
    reasonToDoWithout(error, what)
    return otherwise
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

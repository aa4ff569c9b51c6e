// Errors as Stripe's API words them: status, body and headers of each refusal, in one place.
import type { Hash } from './json.ts'

interface ApiErrorDetails {
  readonly code?: string
  readonly param?: string
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A refusal on its way to the client; thrown anywhere while a request is answered. */
export class ApiError extends Error {
  readonly status: number
  readonly details: ApiErrorDetails

  constructor(status: number, message: string, details: ApiErrorDetails = {}) {
    super(message)
    this.status = status
    this.details = details
  }

  /** The JSON that Stripe answers. */
  get body(): Hash {
    const { code, param, type = 'invalid_request_error' } = this.details
    return {
      error: {
        ...(code === undefined
          ? {}
          : { code, doc_url: `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}` }),
        message: this.message,
        ...(param === undefined ? {} : { param }),
        type,
      },
    }
  }
}

/** Why Stripe says a request came too fast, in the header `Stripe-Rate-Limited-Reason`. */
export type RateLimitReason =
  | 'global-rate'
  | 'global-concurrency'
  | 'endpoint-rate'
  | 'endpoint-concurrency'
  | 'resource-specific'

/** 400: a parameter that can't be right. */
export const badParameter = (param: string, message: string, code?: string): ApiError =>
  new ApiError(400, message, code === undefined ? { param } : { param, code })

/** 400 for a cursor, 404 for a retrieve: no such object in this account and mode. */
export const noSuch = (noun: string, id: string, { param = 'id', hint = '' } = {}): ApiError =>
  new ApiError(param === 'id' ? 404 : 400, `No such ${noun}: '${id}'${hint}`, {
    code: 'resource_missing',
    param,
  })

/** 404: a path that the API, or the API of this version, does not have. */
export const unknownUrl = (method: string, path: string): ApiError =>
  new ApiError(
    404,
    `Unrecognized request URL (${method}: ${path}). If you are trying to list objects, remove the trailing slash. If you are trying to retrieve an object, make sure you passed a valid (non-empty) identifier in your code.`,
  )

/** 401: a key that is missing or unknown. */
export const unauthorized = (key: string | null): ApiError =>
  new ApiError(
    401,
    key === null ? 'You did not provide an API key.' : `Invalid API Key provided: ${redacted(key)}`,
  )

/** 403: an account that the key does not reach, or no more. */
export const accountInvalid = (key: string, account: string): ApiError =>
  new ApiError(
    403,
    `The provided key '${redacted(key)}' does not have access to account '${account}' (or that account does not exist). Application access may have been revoked.`,
    { code: 'account_invalid' },
  )

/** 403: a restricted key without the permission for this resource. */
export const permissionMissing = (key: string, resource: string): ApiError =>
  new ApiError(
    403,
    `The provided key '${redacted(key)}' does not have the required permissions for this endpoint. Having the 'rak_${resource}_read' permission would allow this request to continue.`,
  )

/** 429 of a rate limit: no `Stripe-Should-Retry`, so SDKs do not retry it. */
export const rateLimited = (reason: RateLimitReason): ApiError =>
  new ApiError(
    429,
    'Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.',
    {
      code: 'rate_limit',
      headers: { 'stripe-rate-limited-reason': reason },
    },
  )

/** 429 of an object lock: no reason, no request id, and SDKs are told to retry. */
export const lockTimeout = (): ApiError =>
  new ApiError(
    429,
    'This object cannot be accessed right now because another API request or Stripe process is currently accessing it.',
    { code: 'lock_timeout', headers: { 'stripe-should-retry': 'true' } },
  )

const redacted = (key: string): string => `${key.slice(0, 8)}***`

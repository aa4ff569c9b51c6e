// What can go wrong on purpose, and the queue from which the next request takes its trouble.
import { ApiError, lockTimeout, type RateLimitReason, rateLimited } from './api-error.ts'
import type { HeldAnswers } from './held-answers.ts'
import type { Hash } from './json.ts'
import { isMatch, type LoggedRequest, type RequestMatch } from './request-log.ts'

export type Fault =
  /** 429 of a rate limit, with its reason and without `Stripe-Should-Retry`. */
  | { readonly kind: 'rate_limited'; readonly reason: RateLimitReason }
  /** 429 of an object lock: no reason, no request id, `Stripe-Should-Retry: true`. */
  | { readonly kind: 'lock_timeout' }
  | { readonly kind: 'conflict' }
  /** 5xx, 500 by default; `shouldRetry` sends `Stripe-Should-Retry`. */
  | { readonly kind: 'server_error'; readonly status?: number; readonly shouldRetry?: boolean }
  /** Any error at all, given as Stripe's `error` hash. */
  | {
      readonly kind: 'error'
      readonly status: number
      readonly error: Hash
      readonly headers?: Readonly<Record<string, string>>
    }
  /** The connection is reset before any byte of the answer. */
  | { readonly kind: 'reset' }
  /** No byte ever comes. */
  | { readonly kind: 'silent' }
  /** Half of the body, then the connection ends. */
  | { readonly kind: 'truncated' }
  /** Half of the body, then nothing more comes. */
  | { readonly kind: 'stalled' }
  /** The body in small pieces. */
  | { readonly kind: 'slow'; readonly chunkBytes: number; readonly everyMs: number }
  /** 200 with a body that is not JSON, or with the JSON given. */
  | { readonly kind: 'wrong_json'; readonly body?: string }
  /** A page without entries that claims that there are more. */
  | { readonly kind: 'empty_page' }
  /** A good answer, later. */
  | { readonly kind: 'latency'; readonly ms: number }
  /** A good answer when the test lets it go; by default of the state at the arrival of the request. */
  | { readonly kind: 'held'; readonly answers: HeldAnswers; readonly readsAt?: 'arrival' | 'release' }

export interface FaultOptions {
  /** How many requests it strikes; default 1. */
  readonly times?: number
  /** How many matching requests it lets pass before; default 0. */
  readonly after?: number
}

interface QueuedFault {
  readonly match: RequestMatch
  readonly fault: Fault
  passes: number
  times: number
}

/** Faults in the order they were added: a request takes the first one that is meant for it. */
export class FaultQueue {
  #queue: readonly QueuedFault[] = []

  add(match: RequestMatch, fault: Fault, { times = 1, after = 0 }: FaultOptions = {}): void {
    this.#queue = [...this.#queue, { match, fault, passes: after, times }]
  }

  /** How many strikes are still to come. */
  get pending(): number {
    return this.#queue.reduce((sum, { times }) => sum + times, 0)
  }

  clear(): void {
    this.#queue = []
  }

  /** Returns what befalls this request, null for nothing. */
  take(request: LoggedRequest): Fault | null {
    const queued = this.#queue.find(({ match }) => isMatch(request, match))
    if (queued === undefined) return null
    if (queued.passes > 0) {
      queued.passes -= 1
      return null
    }
    queued.times -= 1
    this.#queue = this.#queue.filter(({ times }) => times > 0)
    return queued.fault
  }
}

/** Returns the error that a fault answers with, null for faults that are no refusal. */
export const refusalOf = (fault: Fault): ApiError | null => {
  switch (fault.kind) {
    case 'rate_limited':
      return rateLimited(fault.reason)
    case 'lock_timeout':
      return lockTimeout()
    case 'conflict':
      return new ApiError(409, 'There is another request in progress on this resource.', {
        type: 'api_error',
      })
    case 'server_error':
      return new ApiError(fault.status ?? 500, 'Sorry, something went wrong. We have been notified.', {
        type: 'api_error',
        ...(fault.shouldRetry === undefined
          ? {}
          : { headers: { 'stripe-should-retry': String(fault.shouldRetry) } }),
      })
    default:
      return null
  }
}

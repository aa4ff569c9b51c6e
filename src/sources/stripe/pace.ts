// Stripe's own speed limit, kept by all requests that a key makes: one budget in all and one for each endpoint
// (https://docs.stripe.com/rate-limits). Which account a request with `Stripe-Account` counts for is not said, so the
// requests of a platform's key count together, whatever account they are about.

import { type RateLimiterAbstract, RateLimiterMemory } from 'rate-limiter-flexible'
import { holdSeconds, PaceBudget, type Permit } from './pace-budget.ts'
import type { PaceShare } from './place-order.ts'

/** Requests a second. */
export interface PaceLimits {
  readonly perEndpoint: number
  readonly inAll: number
}

/** Stripe's limits of an account, by mode. */
const liveLimits: PaceLimits = { perEndpoint: 25, inAll: 100 }
const testLimits: PaceLimits = { perEndpoint: 25, inAll: 25 }

export interface PaceOptions {
  /** The account whose key it is, and the mode: whoever names the same shares the budget in a shared store. */
  readonly owner: string
  readonly limits: PaceLimits
  /** What the limits are lowered to; null: nothing. */
  readonly requestsPerSecond: number | null
  readonly limiter: RateLimiterAbstract
  readonly share: PaceShare
  /** Tells whether events' part of the budget is kept for them now. */
  readonly isKept: () => boolean
}

/** Returns Stripe's limits for a key's mode; null: not known, the lower ones. */
export const limitsOf = (livemode: boolean | null): PaceLimits =>
  livemode === true ? liveLimits : testLimits

/** Returns a limiter in this process's memory; a place is one point, held until it is freed. */
export const memoryLimiter = (): RateLimiterAbstract =>
  new RateLimiterMemory({ points: 1, duration: holdSeconds, keyPrefix: 'pace' })

/** What one answer says about the pace holds up all accounts of the key: a minute at most, whatever its `Retry-After`. */
const longestPauseMs = 60_000

/** Lets requests go at the pace of one key. */
export class Pace {
  readonly #options: PaceOptions
  readonly #all: PaceBudget
  readonly #endpoints = new Map<string, PaceBudget>()

  constructor(options: PaceOptions) {
    this.#options = options
    this.#all = this.#budget('all', options.limits.inAll)
  }

  /** Resolves when a request to the endpoint keeps to both budgets; rejects when the signal aborts. */
  async permit(endpoint: string, signal: AbortSignal): Promise<Permit> {
    const ofEndpoint = await this.#endpoint(endpoint).acquire(signal)
    const ofAll = await this.#all.acquire(signal).catch((aborted: unknown) => {
      ofEndpoint.answered()
      throw aborted
    })
    return {
      sent: () => {
        ofEndpoint.sent()
        ofAll.sent()
      },
      answered: () => {
        ofEndpoint.answered()
        ofAll.answered()
      },
    }
  }

  /** Adapts to the reason of a 429; the others, about the object asked for or a lock, say nothing of the pace. */
  adapt(endpoint: string, reason: string | null, askedPauseMs: number): void {
    const pauseMs = Math.min(askedPauseMs, longestPauseMs)
    if (reason === 'global-rate') this.#all.slowDown(pauseMs)
    if (reason === 'endpoint-rate') this.#endpoint(endpoint).slowDown(pauseMs)
    if (reason === 'global-concurrency') this.#all.narrow()
    if (reason === 'endpoint-concurrency') this.#endpoint(endpoint).narrow()
  }

  /** Answers the limit for whose sake no request to the endpoint goes now, in Stripe's words, and for how long; null where they go. */
  pauseOf(endpoint: string): { readonly limit: string; readonly leftMs: number } | null {
    const [ofAll, ofEndpoint] = [this.#all.pauseLeftMs, this.#endpoint(endpoint).pauseLeftMs]
    if (ofAll === 0 && ofEndpoint === 0) return null
    return ofAll > ofEndpoint
      ? { limit: 'global-rate', leftMs: ofAll }
      : { limit: 'endpoint-rate', leftMs: ofEndpoint }
  }

  /** Tells whether a request to the endpoint would have to wait now. */
  isBusy(endpoint: string): boolean {
    return this.#all.waiting > 0 || this.#endpoint(endpoint).waiting > 0
  }

  #endpoint(endpoint: string): PaceBudget {
    const known = this.#endpoints.get(endpoint)
    if (known !== undefined) return known
    const budget = this.#budget(endpoint, this.#options.limits.perEndpoint)
    this.#endpoints.set(endpoint, budget)
    return budget
  }

  #budget(name: string, whole: number): PaceBudget {
    const { owner, limiter, share, isKept, requestsPerSecond } = this.#options
    return new PaceBudget({
      limiter,
      name: `${owner}:${name}`,
      requestsPerSecond: Math.min(whole, requestsPerSecond ?? whole),
      sharing: { share, whole, isKept },
    })
  }
}

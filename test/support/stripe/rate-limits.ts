// Stripe's rate limits, played strictly: at most so many requests in any window of a second, for each endpoint and in
// all, per account and mode. What comes too fast is answered 429, does not count, and is written down.
import type { RateLimitReason } from './api-error.ts'

export interface LimitSettings {
  /** Requests of one account and mode to one endpoint in a window; default unlimited. Stripe's is 25. */
  readonly perEndpoint?: number
  /** Requests of one account and mode in a window; default unlimited. Stripe's is 100, in test mode 25. */
  readonly perAccount?: number
  /** Length of a window in milliseconds; default 1,000. */
  readonly windowMs?: number
}

/** A request that came too fast. */
export interface Violation {
  readonly account: string
  readonly endpoint: string
  readonly reason: RateLimitReason
  readonly atMs: number
}

/** What a request is counted by. */
export interface LimitedRequest {
  /** Account and mode. */
  readonly account: string
  readonly endpoint: string
  readonly atMs: number
}

const DEFAULT_WINDOW_MS = 1_000

export class RateLimits {
  settings: LimitSettings
  readonly violations: Violation[] = []
  readonly #accepted = new Map<string, number[]>()

  constructor(settings: LimitSettings = {}) {
    this.settings = settings
  }

  /** Counts a request; returns why it is refused, null when it is not. */
  admit({ account, endpoint, atMs }: LimitedRequest): RateLimitReason | null {
    const { perEndpoint = Number.POSITIVE_INFINITY, perAccount = Number.POSITIVE_INFINITY } = this.settings
    const ofEndpoint = this.#window(`${account} ${endpoint}`, atMs)
    const ofAccount = this.#window(account, atMs)
    const reason =
      ofEndpoint.length >= perEndpoint
        ? 'endpoint-rate'
        : ofAccount.length >= perAccount
          ? 'global-rate'
          : null
    if (reason === null) {
      ofEndpoint.push(atMs)
      ofAccount.push(atMs)
    } else this.violations.push({ account, endpoint, reason, atMs })
    return reason
  }

  /** Requests that were let through in the window that ends now, oldest first. */
  #window(key: string, nowMs: number): number[] {
    const { windowMs = DEFAULT_WINDOW_MS } = this.settings
    const times = (this.#accepted.get(key) ?? []).filter((atMs) => atMs > nowMs - windowMs)
    this.#accepted.set(key, times)
    return times
  }
}

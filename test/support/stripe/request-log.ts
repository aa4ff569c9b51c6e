// Every request that reached the played Stripe, to count, to look at and to wait for.
import type { Params } from './query-string.ts'

/** One request; `status` is filled in when its answer is known, and stays null where none was sent. */
export interface LoggedRequest {
  /** The id that the answer carries in `Request-Id`. */
  readonly id: string
  readonly method: string
  readonly path: string
  readonly params: Params
  /** The account it acts for: `Stripe-Account` or the end of `Stripe-Context`, else the key's own; null for no good key. */
  readonly account: string | null
  readonly secret: string | null
  /** `Stripe-Version` as sent. */
  readonly version: string | null
  readonly idempotencyKey: string | null
  /** Unix seconds on the world's clock. */
  readonly at: number
  /** Milliseconds on the machine's monotonic clock. */
  readonly atMs: number
  status: number | null
}

/** Says which requests are meant; what is left out matters not. */
export interface RequestMatch {
  readonly method?: string
  /** The whole path without the query, or a pattern for it. */
  readonly path?: string | RegExp
  readonly account?: string | null
  readonly where?: (request: LoggedRequest) => boolean
}

/** Tells whether a request is meant. */
export const isMatch = (request: LoggedRequest, { method, path, account, where }: RequestMatch): boolean =>
  (method === undefined || request.method === method) &&
  (path === undefined || (typeof path === 'string' ? request.path === path : path.test(request.path))) &&
  (account === undefined || request.account === account) &&
  (where === undefined || where(request))

interface Waiting {
  readonly match: RequestMatch
  readonly count: number
  readonly resolve: () => void
}

export class RequestLog {
  readonly #requests: LoggedRequest[] = []
  #waiting: readonly Waiting[] = []

  /** Every request since the last `clear`, in order of arrival. */
  get all(): readonly LoggedRequest[] {
    return this.#requests
  }

  matching(match: RequestMatch): readonly LoggedRequest[] {
    return this.#requests.filter((request) => isMatch(request, match))
  }

  count(match: RequestMatch = {}): number {
    return this.matching(match).length
  }

  /** Resolves as soon as this many requests that are meant have arrived since the last `clear`. */
  waitFor(match: RequestMatch, count = 1): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = [...this.#waiting, { match, count, resolve }]
      this.#wake()
    })
  }

  clear(): void {
    this.#requests.length = 0
  }

  add(request: LoggedRequest): void {
    this.#requests.push(request)
    if (this.#waiting.length > 0) this.#wake()
  }

  #wake(): void {
    const isDone = ({ match, count }: Waiting): boolean => this.count(match) >= count
    const done = this.#waiting.filter(isDone)
    this.#waiting = this.#waiting.filter((waiting) => !done.includes(waiting))
    for (const { resolve } of done) resolve()
  }
}

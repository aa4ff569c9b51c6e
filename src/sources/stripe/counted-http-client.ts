// The SDK's way to Stripe, heard: what came of each single request, for metrics. Guarantee: what is told is of a few
// fixed words and of Stripe's endpoints, whatever Stripe answers.

import Stripe from 'stripe'
import type { HttpClient } from './account-client.ts'
import { endpointOf } from './pace-endpoint.ts'
import { limitOf } from './pace-verdict.ts'

/** What came of a request: `no_answer` where the connection broke or nothing came in time. */
export type AnswerOutcome = 'ok' | 'unauthorized' | 'limited' | 'refused' | 'failed' | 'no_answer'

export interface StripeAnswer {
  /** Ids left out, such as `invoices/:id/lines`. */
  readonly endpoint: string
  readonly outcome: AnswerOutcome
  /** Why Stripe limited it: a reason that Stripe documents, `lock_timeout` or `other`; null for every other outcome. */
  readonly limit: string | null
}

/** Must not throw. */
export type TellAnswer = (answer: StripeAnswer) => void

type Request = Parameters<HttpClient['makeRequest']>
type Response = Awaited<ReturnType<HttpClient['makeRequest']>>

/** https://docs.stripe.com/rate-limits#handling-limiting-gracefully and the lock timeouts beside them. */
const knownLimits: ReadonlySet<string> = new Set([
  ...['global-rate', 'global-concurrency', 'endpoint-rate', 'endpoint-concurrency', 'resource-specific'],
  'lock_timeout',
])

/** Makes requests by another client, and tells what came of each; it answers and throws as that one does. */
export class CountedHttpClient extends Stripe.HttpClient {
  readonly #inner: HttpClient
  readonly #tell: TellAnswer

  /** @param inner makes the requests */
  constructor(inner: HttpClient, tell: TellAnswer) {
    super()
    this.#inner = inner
    this.#tell = tell
  }

  override getClientName(): string {
    return this.#inner.getClientName()
  }

  override async makeRequest(...request: Request): Promise<Response> {
    const endpoint = endpointOf(request[2])
    try {
      const response = await this.#inner.makeRequest(...request)
      const limit = limitOf({ status: response.getStatusCode(), headers: response.getHeaders() })
      this.#tell({ endpoint, outcome: outcomeOf(response.getStatusCode()), limit: boundedLimit(limit) })
      return response
    } catch (thrown) {
      this.#tell({ endpoint, outcome: 'no_answer', limit: null })
      throw thrown
    }
  }
}

const outcomeOf = (status: number): AnswerOutcome => {
  if (status < 300) return 'ok'
  if (status === 401) return 'unauthorized'
  if (status === 429) return 'limited'
  return status < 500 ? 'refused' : 'failed'
}

const boundedLimit = (limit: string | null): string | null =>
  limit === null || knownLimits.has(limit) ? limit : 'other'

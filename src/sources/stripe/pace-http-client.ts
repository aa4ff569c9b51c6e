// The SDK's way to Stripe for whoever asks much: every request waits for its turn, and is repeated while what went
// wrong may pass. Guarantees: the budgets hold for retries as well; an answer is handed on only once its body is here
// whole; the moment at which the try that succeeded was sent is told with it.

import { setTimeout as wait } from 'node:timers/promises'
import Stripe from 'stripe'
import type { Instant } from '../../clocks.ts'
import type { Pace } from './pace.ts'
import type { Permit } from './pace-budget.ts'
import { endpointOf } from './pace-endpoint.ts'
import { lockTimeout, type PaceVerdict, pauseBefore, verdictOn } from './pace-verdict.ts'
import { untilAborted } from './until-aborted.ts'

/** Told of requests as they are made. */
export interface PaceListener {
  readonly onRequest: () => void
  readonly onRetry: () => void
  /** A 429, with `Stripe-Rate-Limited-Reason` or `lock_timeout`. */
  readonly onLimited: (reason: string) => void
  /** Told what a request waits for, or null when it goes on. */
  readonly onWaiting: (reason: string | null) => void
}

export interface PacedClientOptions {
  readonly pace: Pace
  readonly listener: PaceListener
  /** How long trouble that passes is waited out, in milliseconds from the first answer that tells of it, turns aside. */
  readonly patienceMs: number
  readonly random: () => number
  /** Reads this machine's clocks. */
  readonly now: () => Instant
  /** Ends every wait. */
  readonly signal: AbortSignal
}

/** Header added to answers: when the request was sent. */
const sentAtHeader = 'billing-sync-sent-at'

/** Returns when the request of an answer was sent; null where no client of this kind made it. */
export const sentAtOf = (headers: Readonly<Record<string, string>>): Instant | null => {
  const sentAt = headers[sentAtHeader]
  return sentAt === undefined ? null : JSON.parse(sentAt)
}

/** How long an answer under way is still waited for after the signal: most come, and work that has them is done. */
const graceMs = 2_000

type Request = Parameters<InstanceType<typeof Stripe.HttpClient>['makeRequest']>
type Response = Awaited<ReturnType<InstanceType<typeof Stripe.HttpClient>['makeRequest']>>

interface Try {
  readonly sentAt: Instant
  readonly response: Response | null
  readonly body: unknown
  /** What was thrown in place of an answer, or while its body was read. */
  readonly thrown: unknown
}

/**
 * Makes requests at a pace and repeats them. Throws the SDK's error of a broken connection where none was answered in
 * time, and the signal's reason.
 */
export class PacedHttpClient extends Stripe.HttpClient {
  readonly #inner: InstanceType<typeof Stripe.HttpClient>
  readonly #options: PacedClientOptions

  /** @param inner makes single requests */
  constructor(inner: InstanceType<typeof Stripe.HttpClient>, options: PacedClientOptions) {
    super()
    this.#inner = inner
    this.#options = options
  }

  override getClientName(): string {
    return this.#inner.getClientName()
  }

  override async makeRequest(...request: Request): Promise<Response> {
    const { listener, pace, patienceMs, random } = this.#options
    const endpoint = endpointOf(request[2])
    let deadline = Number.POSITIVE_INFINITY
    for (let attempt = 1; ; attempt += 1) {
      const askedAt = performance.now()
      const permit = await this.#turn(endpoint)
      // Whoever waits long for a turn has seen no more trouble for it.
      deadline += performance.now() - askedAt
      const made = await this.#try(permit, request)
      const verdict = verdictOn(headOf(made))
      if (verdict.kind === 'take') return new WholeResponse(made)
      const pauseMs = pauseBefore(verdict, attempt, random)
      if (verdict.limited !== null) listener.onLimited(verdict.limited)
      pace.adapt(endpoint, verdict.limited, pauseMs)
      deadline = Math.min(deadline, performance.now() + patienceMs)
      if (performance.now() + pauseMs > deadline) return answerOrThrow(made)
      listener.onRetry()
      await this.#waitOut(verdict, pauseMs)
    }
  }

  // While another request's answer holds all of them up, people are told what for.
  async #turn(endpoint: string): Promise<Permit> {
    const { listener, pace, signal } = this.#options
    const pause = pace.pauseOf(endpoint)
    if (pause === null) return pace.permit(endpoint, signal)
    listener.onWaiting(`${waitingFor(pause.limit)}, for ${Math.ceil(pause.leftMs / 1000)} s`)
    try {
      return await pace.permit(endpoint, signal)
    } finally {
      listener.onWaiting(null)
    }
  }

  async #try(permit: Permit, request: Request): Promise<Try> {
    const { listener, now, signal } = this.#options
    try {
      signal.throwIfAborted()
      listener.onRequest()
      const sentAt = now()
      permit.sent()
      return await untilAborted(this.#send(request, sentAt, permit), signal, graceMs)
    } finally {
      permit.answered()
    }
  }

  async #send(request: Request, sentAt: Instant, { answered }: Permit): Promise<Try> {
    let response: Response | null = null
    try {
      response = await this.#inner.makeRequest(...request)
      // Stripe counted the request before the first byte of its answer; a page's body takes a while longer.
      answered()
      return { sentAt, response, body: await response.toJSON(), thrown: null }
    } catch (thrown) {
      return { sentAt, response, body: null, thrown }
    }
  }

  async #waitOut({ limited }: Extract<PaceVerdict, { kind: 'again' }>, ms: number): Promise<void> {
    const { listener, signal } = this.#options
    listener.onWaiting(waitingFor(limited))
    await wait(ms, undefined, { signal }).finally(() => listener.onWaiting(null))
  }
}

const headOf = ({ response, thrown }: Try) =>
  response === null || (thrown !== null && response.getStatusCode() < 300)
    ? null
    : { status: response.getStatusCode(), headers: response.getHeaders() }

// A body that can't be read is for the SDK to word.
const answerOrThrow = (made: Try): Response => {
  // The SDK asks once more by itself where the thrown error has the code of a broken connection.
  if (made.response === null)
    throw new Stripe.errors.StripeConnectionError({ message: 'No answer', type: 'api_error' })
  return new WholeResponse(made)
}

const waitingFor = (limited: string | null): string => {
  if (limited === null) return 'Stripe to answer'
  return limited === lockTimeout ? 'an object that another request holds' : `Stripe's limit (${limited})`
}

class WholeResponse extends Stripe.HttpClientResponse {
  readonly #made: Try

  constructor(made: Try) {
    const { response, sentAt } = made
    super(response?.getStatusCode() ?? 0, {
      ...response?.getHeaders(),
      [sentAtHeader]: JSON.stringify(sentAt),
    })
    this.#made = made
  }

  // What the SDK shows as `lastResponse`.
  override getRawResponse(): { readonly headers: object; readonly statusCode: number } {
    return { headers: this.getHeaders(), statusCode: this.getStatusCode() }
  }

  override async toJSON(): Promise<unknown> {
    if (this.#made.thrown !== null) throw this.#made.thrown
    return this.#made.body
  }
}

// The played Stripe on loopback: a plain HTTP server over a world, with faults, limits, a log and a hook for tests.
// Where to read on: world.ts and stripe-account.ts are what tests act on, the *-story.ts files what happens at Stripe in
// many steps; a request goes through answer-request.ts to endpoints.ts and render.ts; deliver.ts is the other direction.
// It takes nothing from the program it is played to; what it did wrong itself comes out when it is closed.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerTo } from './answer-request.ts'
import { claimsOf } from './authenticate.ts'
import { type Fault, type FaultOptions, FaultQueue } from './faults.ts'
import { HeldAnswers } from './held-answers.ts'
import { parseQuery } from './query-string.ts'
import { type LimitSettings, RateLimits } from './rate-limits.ts'
import { type LoggedRequest, RequestLog, type RequestMatch } from './request-log.ts'
import { elapsed, transmit } from './transmit.ts'
import { World, type WorldOptions } from './world.ts'

export interface StripeServerOptions extends WorldOptions {
  /** A world to serve; default a new one. */
  readonly world?: World
  /** Default 0: any free port. */
  readonly port?: number
  readonly host?: string
  /** Milliseconds that each answer takes at least; default 0. */
  readonly latencyMs?: number
  readonly limits?: LimitSettings
}

/** Acts before a request reads the state, such as between two pages of a list. */
export type RequestHook = (request: LoggedRequest) => void | Promise<void>

export class StripeServer {
  readonly world: World
  readonly requests = new RequestLog()
  readonly faults = new FaultQueue()
  readonly limits: RateLimits
  latencyMs: number
  readonly #hooks = new Set<RequestHook>()
  readonly #bugs: unknown[] = []
  readonly #server: Server
  #requestCount = 0

  constructor({ world, latencyMs = 0, limits, ...worldOptions }: StripeServerOptions = {}) {
    this.world = world ?? new World(worldOptions)
    this.latencyMs = latencyMs
    this.limits = new RateLimits(limits)
    this.#server = createServer((incoming, response) => {
      this.#serve(incoming, response).catch((bug: unknown) => {
        this.#bugs.push(bug)
        response.destroy()
      })
    })
    // An idle connection that the server closes just as the client uses it again would be a fault nobody asked for.
    this.#server.keepAliveTimeout = 600_000
  }

  /** Host, port and protocol as the SDK's constructor takes them. */
  get address(): { readonly host: string; readonly port: number; readonly protocol: 'http' } {
    // A TCP server that listens has an address of this form.
    const { address, port } = this.#server.address() as AddressInfo
    return { host: address, port, protocol: 'http' }
  }

  /** Base URL without a slash at the end. */
  get url(): string {
    const { host, port } = this.address
    return `http://${host}:${port}`
  }

  listen(port: number, host: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
  }

  /** Runs the hook before each request from now on; returns what takes it away again. */
  onRequest(hook: RequestHook): () => void {
    this.#hooks.add(hook)
    return () => {
      this.#hooks.delete(hook)
    }
  }

  /** Holds back the answers to the next requests that are meant, until they are released one by one. */
  hold(
    match: RequestMatch,
    options: FaultOptions & { readonly readsAt?: 'arrival' | 'release' } = {},
  ): HeldAnswers {
    const answers = new HeldAnswers()
    const { readsAt = 'arrival', ...faultOptions } = options
    this.faults.add(match, { kind: 'held', answers, readsAt }, faultOptions)
    return answers
  }

  /** Cuts all connections and stops; throws an AggregateError when the played Stripe itself had bugs. */
  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve)
      this.#server.closeAllConnections()
    })
    if (this.#bugs.length > 0) throw new AggregateError(this.#bugs, 'The played Stripe has bugs')
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    incoming.resume()
    response.sendDate = false
    const claims = claimsOf(incoming.headers)
    const request = this.#logged(incoming, claims)
    this.requests.add(request)
    for (const hook of this.#hooks) await hook(request)
    const fault = this.faults.take(request)
    if (fault?.kind === 'held' && fault.readsAt === 'release') await fault.answers.pass()
    const { world, limits } = this
    const answer = answerTo({ world, limits, request, claims, headers: incoming.headers }, fault)
    if (fault?.kind === 'held' && fault.readsAt !== 'release') await fault.answers.pass()
    await elapsed(this.latencyMs + (fault?.kind === 'latency' ? fault.ms : 0))
    request.status = isAnswered(fault) ? answer.status : null
    await transmit(response, answer, fault)
  }

  #logged(incoming: IncomingMessage, { secret, account }: ReturnType<typeof claimsOf>): LoggedRequest {
    const { pathname, search } = new URL(incoming.url ?? '/', 'http://stripe')
    this.#requestCount += 1
    return {
      id: `req_${String(this.#requestCount).padStart(8, '0')}`,
      method: incoming.method ?? 'GET',
      path: pathname,
      params: parseQuery(search),
      account: account ?? (secret === null ? null : (this.world.keyOf(secret)?.accountId ?? null)),
      secret,
      version: header(incoming, 'stripe-version'),
      idempotencyKey: header(incoming, 'idempotency-key'),
      at: this.world.clock.now(),
      atMs: performance.now(),
      status: null,
    }
  }
}

/** Starts a played Stripe on loopback. */
export const startStripeServer = async (options: StripeServerOptions = {}): Promise<StripeServer> => {
  const server = new StripeServer(options)
  await server.listen(options.port ?? 0, options.host ?? '127.0.0.1')
  return server
}

const isAnswered = (fault: Fault | null): boolean => fault?.kind !== 'reset' && fault?.kind !== 'silent'

const header = (incoming: IncomingMessage, name: string): string | null => {
  const value = incoming.headers[name]
  return typeof value === 'string' ? value : null
}

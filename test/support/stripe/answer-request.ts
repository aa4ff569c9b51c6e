// From a logged request to its answer: who asks, whether it comes too fast, which endpoint, and errors as Stripe words
// them.
import type { IncomingHttpHeaders } from 'node:http'
import { ApiError, rateLimited, unknownUrl } from './api-error.ts'
import { generationOf, isVersion } from './api-version.ts'
import { authenticate, type Claims, type Identity, refuseForbidden } from './authenticate.ts'
import type { Call } from './call.ts'
import { endpointOf } from './endpoints.ts'
import { type Fault, refusalOf } from './faults.ts'
import type { RateLimits } from './rate-limits.ts'
import type { LoggedRequest } from './request-log.ts'
import type { Answer } from './transmit.ts'
import type { World } from './world.ts'

/** A request with what its answer depends on. */
export interface Asked {
  readonly world: World
  readonly limits: RateLimits
  readonly request: LoggedRequest
  readonly claims: Claims
  readonly headers: IncomingHttpHeaders
}

/** Returns the answer to a request, that of the fault when the fault is an answer; throws only for bugs in here. */
export const answerTo = (asked: Asked, fault: Fault | null): Answer => {
  try {
    const refusal = fault === null ? null : refusalOf(fault)
    if (refusal !== null) throw refusal
    if (fault?.kind === 'error') return ownError(asked, fault)
    return { status: 200, headers: usualHeaders(asked), body: faultBody(fault) ?? bodyOf(asked) }
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return errorAnswer(asked, error)
  }
}

const ownError = (asked: Asked, { status, error, headers }: Extract<Fault, { kind: 'error' }>): Answer => ({
  status,
  headers: { ...usualHeaders(asked), ...headers },
  body: JSON.stringify({ error }),
})

const faultBody = (fault: Fault | null): string | null => {
  if (fault?.kind === 'wrong_json') return fault.body ?? '<html><body>upstream gone</body></html>'
  if (fault?.kind === 'empty_page') return '{"object":"list","data":[],"has_more":true,"url":"/v1/nothing"}'
  return null
}

const bodyOf = (asked: Asked): string => {
  const { world, limits, request, claims } = asked
  const identity = authenticate(world, claims)
  const endpoint = request.method === 'GET' ? endpointOf(request.path) : null
  if (endpoint === null) throw unknownUrl(request.method, request.path)
  const reason = limits.admit({
    account: `${identity.accountId} ${identity.key.mode}`,
    endpoint: endpoint.name,
    atMs: request.atMs,
  })
  if (reason !== null) throw rateLimited(reason)
  refuseForbidden(identity, endpoint.resource)
  return endpoint.answer(callOf(asked, identity))
}

const callOf = ({ world, request }: Asked, identity: Identity): Call => {
  const { key, accountId } = identity
  const version = request.version ?? world.apiVersionOf(accountId)
  if (!isVersion(version)) throw new ApiError(400, `Invalid Stripe API version: ${version}`)
  return {
    ...identity,
    world,
    state: world.account(accountId, key.mode).state,
    otherState: world.account(accountId, key.mode === 'live' ? 'test' : 'live').state,
    generation: generationOf(version),
    path: request.path,
    params: request.params,
  }
}

const usualHeaders = ({ world, request, headers, claims }: Asked): Record<string, string> => {
  const account = headers['stripe-account']
  const version = request.version ?? (claims.secret === null ? null : defaultVersion(world, request))
  return {
    'content-type': 'application/json',
    date: new Date(world.clock.now() * 1_000).toUTCString(),
    'request-id': request.id,
    ...(version === null ? {} : { 'stripe-version': version }),
    ...(typeof account === 'string' ? { 'stripe-account': account } : {}),
    ...(request.idempotencyKey === null ? {} : { 'idempotency-key': request.idempotencyKey }),
  }
}

const defaultVersion = (world: World, { account }: LoggedRequest): string | null =>
  account === null || !world.isLinked(account) ? null : world.apiVersionOf(account)

const errorAnswer = (asked: Asked, error: ApiError): Answer => {
  const headers = { ...usualHeaders(asked), ...error.details.headers }
  // A lock is met before the request is taken up: Stripe gives it no id.
  const { 'request-id': _, ...withoutId } = headers
  const isLock = error.details.code === 'lock_timeout'
  return { status: error.status, headers: isLock ? withoutId : headers, body: JSON.stringify(error.body) }
}

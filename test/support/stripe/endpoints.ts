// The endpoints that are played, found by path: one table of handlers.
import { listAccounts, retrieveAccount, retrieveOwnAccount } from './account-endpoints.ts'
import type { Call } from './call.ts'
import { listEvents, retrieveEvent } from './event-endpoints.ts'
import {
  listLines,
  listNested,
  listObjects,
  listSubscriptionItems,
  retrieveObject,
} from './object-endpoints.ts'
import { type ObjectType, objectTypes, rowOf } from './object-types.ts'

export interface Endpoint {
  /** The path with `:id` in the place of an id: all of one name share one rate limit. */
  readonly name: string
  /** The part of the path after `/v1/`, by which restricted keys are refused. */
  readonly resource: string
  /** Returns the JSON text of the answer; throws ApiError. */
  readonly answer: (call: Call) => string
}

/** Returns the endpoint of a path, null when the API has none. */
export const endpointOf = (path: string): Endpoint | null => {
  const [, version, resource = '', id, nested, ...rest] = path.split('/')
  if (version !== 'v1' || rest.length > 0 || id === '' || nested === '') return null
  const name = [
    '/v1',
    resource,
    ...(id === undefined ? [] : [':id']),
    ...(nested === undefined ? [] : [nested]),
  ].join('/')
  const handler = HANDLERS.get(name)
  if (handler === undefined) return null
  return { name, resource, answer: (call) => handler(call, id === undefined ? '' : decodeURIComponent(id)) }
}

type Handler = (call: Call, id: string) => string

const ofType = (type: ObjectType): readonly [string, Handler][] => {
  const { path } = rowOf(type)
  if (path === null || type === 'account') return []
  return [
    [path, (call) => listObjects(call, type)],
    [`${path}/:id`, (call, id) => retrieveObject(call, type, id)],
  ]
}

const HANDLERS: ReadonlyMap<string, Handler> = new Map([
  ...objectTypes.flatMap(ofType),
  ['/v1/account', retrieveOwnAccount],
  ['/v1/accounts', listAccounts],
  ['/v1/accounts/:id', retrieveAccount],
  ['/v1/charges/:id/refunds', (call, id) => listNested(call, { owner: 'charge', id, of: 'refund' })],
  [
    '/v1/customers/:id/subscriptions',
    (call, id) => listNested(call, { owner: 'customer', id, of: 'subscription' }),
  ],
  ['/v1/events', listEvents],
  ['/v1/events/:id', retrieveEvent],
  ['/v1/invoices/:id/lines', listLines],
  ['/v1/subscription_items', listSubscriptionItems],
])

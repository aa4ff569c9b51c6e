// Lists and retrieves of stored objects, and of the entries of their sub-lists.
import { ApiError, badParameter, noSuch, unknownUrl } from './api-error.ts'
import type { Call } from './call.ts'
import { viewOf } from './expansion.ts'
import { selectionOf } from './list-filters.ts'
import type { ObjectType } from './object-types.ts'
import { type Page, pageOf, pageRequestOf } from './page.ts'
import { textParam } from './param-checks.ts'
import { renderJson } from './render.ts'
import type { Shelved } from './shelf.ts'
import type { StoredObject } from './stored-object.ts'

/** Answers a page of all objects of a type. */
export const listObjects = (call: Call, type: ObjectType): string => {
  refuseBeforeItsTime(call, type)
  const { state, params, path } = call
  const { by, matches } = selectionOf(type, params)
  const request = pageRequestOf(params)
  const table = state.table(type)
  const page = pageOf(
    {
      oldestFirst: (by === null ? undefined : table.linked(by.link, by.value)) ?? table.listed,
      matches,
      find: (id) => found(state.find(type, id)),
      noun: type,
    },
    request,
  )
  return listJson(call, page, { type, url: path })
}

/** Answers one object, or the stub of a deleted one; throws ApiError 404 for what is not there. */
export const retrieveObject = (call: Call, type: ObjectType, id: string): string => {
  refuseBeforeItsTime(call, type)
  refuseOtherThan(call, ['expand'])
  const { generation, params, state } = call
  const view = viewOf(type, params.expand, { generation, isList: false })
  return renderJson(state, existing(call, type, id), view)
}

/** Answers a page of the objects that link to another one, such as a charge's refunds. */
export const listNested = (
  call: Call,
  { owner, id, of }: { readonly owner: ObjectType; readonly id: string; readonly of: ObjectType },
): string => {
  existing(call, owner, id)
  return listObjects({ ...call, params: { ...call.params, [owner]: id } }, of)
}

/** Answers a page of an invoice's lines. */
export const listLines = (call: Call, invoiceId: string): string => {
  refuseOtherThan(call, PAGING)
  return listParts(call, existing(call, 'invoice', invoiceId), 'line_item')
}

/** Answers a page of a subscription's items; the subscription has to be named. */
export const listSubscriptionItems = (call: Call): string => {
  refuseOtherThan(call, [...PAGING, 'subscription'])
  const { subscription } = call.params
  if (subscription === undefined) {
    throw badParameter('subscription', 'Missing required param: subscription.', 'parameter_missing')
  }
  const id = textParam('subscription', subscription)
  const owner = found(call.state.find('subscription', id))
  if (owner === undefined) throw noSuch('subscription', id, { param: 'subscription' })
  return listParts(call, owner, 'subscription_item')
}

const PAGING = ['limit', 'starting_after', 'ending_before', 'expand']

/** An entry in the order in which its owner has it, which is not that of `created`. */
interface Entry extends Shelved {
  readonly object: StoredObject
}

const listParts = (call: Call, owner: StoredObject, type: ObjectType): string => {
  const entries: readonly Entry[] = owner.parts.map((object, index) => ({
    id: object.id,
    created: -index,
    object,
  }))
  const page = pageOf(
    {
      oldestFirst: entries.toReversed(),
      matches: () => true,
      find: (id) => entries.find((entry) => entry.id === id),
      noun: type,
    },
    pageRequestOf(call.params),
  )
  const data = page.data.map(({ object }) => object)
  return listJson(call, { data, hasMore: page.hasMore }, { type, url: call.path })
}

const listJson = (
  call: Call,
  page: Page<StoredObject>,
  { type, url }: { type: ObjectType; url: string },
): string => {
  const { generation, params, state } = call
  const view = viewOf(type, params.expand, { generation, isList: true })
  const data = page.data.map((object) => renderJson(state, object, view))
  return joinedList(data, page.hasMore, url)
}

/** Returns the JSON text of a list of JSON texts. */
export const joinedList = (data: readonly string[], hasMore: boolean, url: string): string =>
  `{"object":"list","data":[${data.join(',')}],"has_more":${hasMore},"url":${JSON.stringify(url)}}`

const found = (object: StoredObject | undefined): StoredObject | undefined =>
  object?.deleted ? undefined : object

const existing = ({ state, otherState, key }: Call, type: ObjectType, id: string): StoredObject => {
  const object = state.find(type, id)
  if (object !== undefined) return object
  const other = key.mode === 'live' ? 'test' : 'live'
  const hint =
    otherState.find(type, id) === undefined
      ? ''
      : `; a similar object exists in ${other} mode, but a ${key.mode} mode key was used to make this request.`
  throw noSuch(type, id, { hint })
}

const refuseBeforeItsTime = ({ generation, path }: Call, type: ObjectType): void => {
  // Payments of invoices came with basil: older versions have no such endpoint.
  if (type === 'invoice_payment' && generation !== 'basil') throw unknownUrl('GET', path)
}

/** Throws ApiError 400 for a parameter that an endpoint does not have. */
export const refuseOtherThan = ({ params }: Call, known: readonly string[]): void => {
  const unknown = Object.keys(params).find((name) => !known.includes(name))
  if (unknown === undefined) return
  throw new ApiError(400, `Received unknown parameter: ${unknown}`, {
    code: 'parameter_unknown',
    param: unknown,
  })
}

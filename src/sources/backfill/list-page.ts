// One page of one of Stripe's lists, asked for in the version that the SDK's types have. It is taken as the JSON that
// Stripe sends: the SDK's own list methods make objects of it that would have to be turned back (`plain` in
// answer-json.ts), at twice the cost (measured).

import { type Instant, readClocks } from '../../clocks.ts'
import { isJsonObject, type Json, type JsonObject, own } from '../../core/json.ts'
import type { AccountClient } from '../stripe/account-client.ts'
import { readFilledPage } from '../stripe/filled-page.ts'
import { sentAtOf } from '../stripe/pace-http-client.ts'
import { isCursorGone } from '../stripe/stripe-failure.ts'
import { type Window, windowWithoutCursor } from './windows.ts'

/** What is asked for besides the window. */
export interface ListQuery {
  readonly path: string
  readonly params: Readonly<Record<string, string>>
  /** Paths into the objects, without the leading `data`. */
  readonly expand: readonly string[]
}

export interface ListPage {
  readonly entries: readonly Json[]
  readonly hasMore: boolean
  /** When it was asked for. */
  readonly sentAt: Instant
  /** How long its answer took, in milliseconds. */
  readonly answerMs: number
  /** The answer's `Date` header. */
  readonly date: string | null
}

/** Stripe's largest page: https://docs.stripe.com/api/pagination */
const pageSize = 100

/**
 * Returns a page of the window. Where the object that it would go on after is gone, it goes on from that object's
 * second. Throws the SDK's errors, and `stripe_unavailable` where Stripe keeps answering nothing.
 */
export const readListPage = (client: AccountClient, query: ListQuery, window: Window): Promise<ListPage> =>
  readFilledPage(() => readExisting(client, query, window))

const readExisting = async (client: AccountClient, query: ListQuery, window: Window): Promise<ListPage> => {
  try {
    return await request(client, query, window)
  } catch (error) {
    if (window.last === null || !isCursorGone(error)) throw error
    return request(client, query, windowWithoutCursor(window))
  }
}

const request = async (
  { stripe, options }: AccountClient,
  { path, params, expand }: ListQuery,
  window: Window,
): Promise<ListPage> => {
  const search = new URLSearchParams({ limit: String(pageSize), ...params, ...filterOf(window) })
  for (const [index, relative] of expand.entries()) search.set(`expand[${index}]`, `data.${relative}`)
  const askedAt = readClocks()
  const answer = await stripe.rawRequest('GET', `${path}?${search}`, undefined, options)
  const { headers } = answer.lastResponse
  const list: unknown = answer
  const data = isJsonObject(list) ? own(list, 'data') : undefined
  const isList = isJsonObject(list) && Array.isArray(data)
  const sentAt = sentAtOf(headers) ?? askedAt
  return {
    entries: isList ? data : [],
    hasMore: !isList || own(list, 'has_more') === true,
    sentAt,
    answerMs: readClocks().steadyMs - sentAt.steadyMs,
    date: headers.date ?? null,
  }
}

const filterOf = ({ from, to, last }: Window): Readonly<Record<string, string>> => ({
  ...(from === null ? {} : { 'created[gte]': String(from) }),
  ...(to === null ? {} : { 'created[lt]': String(to) }),
  ...(last === null ? {} : { starting_after: last.id }),
})

/** Returns the second in which an object of a list was created; 0 where it does not say. */
export const createdOf = (object: JsonObject): number => {
  const created = own(object, 'created')
  return typeof created === 'number' ? created : 0
}

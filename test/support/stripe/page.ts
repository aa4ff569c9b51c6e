// One page of a list: where it begins, which entries it has, and whether there are more.
import { badParameter, noSuch } from './api-error.ts'
import { integerParam, type Range, rangeParam } from './param-checks.ts'
import type { Params } from './query-string.ts'
import { placeOf, placeOfSecond, type Shelved } from './shelf.ts'

const DEFAULT_LIMIT = 10
const MAX_LIMIT = 100

/** What the parameters of any list ask for. */
export interface PageRequest {
  readonly limit: number
  readonly startingAfter: string | null
  readonly endingBefore: string | null
  readonly created: Range | null
}

export interface Page<T> {
  /** Newest first. */
  readonly data: readonly T[]
  readonly hasMore: boolean
}

/** Returns what a request asks for; throws ApiError for limits and cursors that Stripe refuses. */
export const pageRequestOf = (params: Params): PageRequest => {
  const limit = params.limit === undefined ? DEFAULT_LIMIT : integerParam('limit', params.limit)
  if (limit > MAX_LIMIT) throw limitError(`less than or equal to ${MAX_LIMIT}`, limit)
  if (limit < 1) throw limitError('greater than or equal to 1', limit)
  const { starting_after, ending_before, created } = params
  if (starting_after !== undefined && ending_before !== undefined) {
    throw badParameter('starting_after', 'You can only use one of starting_after or ending_before.')
  }
  return {
    limit,
    startingAfter: typeof starting_after === 'string' ? starting_after : null,
    endingBefore: typeof ending_before === 'string' ? ending_before : null,
    created: created === undefined ? null : rangeParam('created', created),
  }
}

/** A list to page through: sorted oldest first, and how a cursor is found. */
export interface Paged<T extends Shelved> {
  readonly oldestFirst: readonly T[]
  readonly matches: (thing: T) => boolean
  /** Returns what a cursor names, undefined when there is no such thing in the list's account and mode. */
  readonly find: (id: string) => Shelved | undefined
  readonly noun: string
}

/** Returns the page that was asked for; throws ApiError for a cursor that is not there. */
export const pageOf = <T extends Shelved>(paged: Paged<T>, request: PageRequest): Page<T> => {
  const { oldestFirst } = paged
  const range = request.created ?? EVERYTHING
  const low = placeOfSecond(oldestFirst, range.from)
  const high = placeOfSecond(oldestFirst, range.to)
  if (request.endingBefore !== null) {
    const cursor = cursorOf(paged, 'ending_before', request.endingBefore)
    const from = Math.max(low, placeAfter(oldestFirst, cursor))
    const { found, hasMore } = walk(paged, { from, end: high, step: 1 }, request.limit)
    return { data: found.toReversed(), hasMore }
  }
  const above =
    request.startingAfter === null
      ? high
      : placeOf(oldestFirst, cursorOf(paged, 'starting_after', request.startingAfter))
  const { found, hasMore } = walk(
    paged,
    { from: Math.min(high, above) - 1, end: low - 1, step: -1 },
    request.limit,
  )
  return { data: found, hasMore }
}

const EVERYTHING: Range = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }

const limitError = (bound: string, limit: number): Error =>
  badParameter(
    'limit',
    `This value must be ${bound} (it currently is '${limit}').`,
    'parameter_invalid_integer',
  )

const cursorOf = <T extends Shelved>({ find, noun }: Paged<T>, param: string, id: string): Shelved => {
  const cursor = find(id)
  if (cursor === undefined) throw noSuch(noun, id, { param })
  return cursor
}

const placeAfter = (sorted: readonly Shelved[], cursor: Shelved): number => {
  const place = placeOf(sorted, cursor)
  return sorted[place]?.id === cursor.id ? place + 1 : place
}

interface Way {
  readonly from: number
  /** The first index that is not looked at. */
  readonly end: number
  readonly step: 1 | -1
}

const walk = <T extends Shelved>(
  { oldestFirst, matches }: Paged<T>,
  { from, end, step }: Way,
  limit: number,
): { found: readonly T[]; hasMore: boolean } => {
  const found: T[] = []
  for (let index = from; step > 0 ? index < end : index > end; index += step) {
    const thing = oldestFirst[index]
    if (thing === undefined || !matches(thing)) continue
    if (found.length === limit) return { found, hasMore: true }
    found.push(thing)
  }
  return { found, hasMore: false }
}

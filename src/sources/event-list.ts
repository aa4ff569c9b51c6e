// One account's events as Stripe keeps them, 30 days long (https://docs.stripe.com/api/events/list), oldest first.
// Guarantees: every event that the list shows from beginning to end is handed over once, in the order of `created`
// (those of one second in the list's own order); what is held at once is bounded, however many there are.

import type { JsonObject } from '../core/json.ts'
import { isIdentified } from '../core/normalise.ts'
import { BillingSyncError } from '../errors.ts'
import { createdOf, type ListPage, type ListQuery, readListPage } from './backfill/list-page.ts'
import { firstWindow, type Window } from './backfill/windows.ts'
import type { AccountClient } from './stripe/account-client.ts'
import { errorOfStripe } from './stripe/stripe-failure.ts'

/** Which events are asked for. */
export interface EventListQuery {
  /** Empty: of all types. More than Stripe takes at once are all asked for, and left for the caller to leave out. */
  readonly types: readonly string[]
  /** True for those that some endpoint of the account has not taken yet. */
  readonly undelivered: boolean
  /** `[from, to)` in Unix seconds of `created`; null is up to now. */
  readonly from: number
  readonly to: number | null
}

/** Stripe keeps events for 30 days. */
export const keptSeconds = 30 * 24 * 60 * 60

/** Most types that Stripe takes in one request. */
const mostTypes = 20

/** Events of a stretch of the list that are read in one go, newest first, and turned round. */
const mostHeld = 2_000

/** A part of a list that turned out to be long is cut at once where its first page lets expect more than this. */
const mostExpected = 1_000

type StripeEventObject = JsonObject & { readonly id: string }

/** Yields the events, some at a time. Throws the SDK's errors. */
export async function* readEventList(
  client: AccountClient,
  query: EventListQuery,
  nowUnixSeconds: number,
): AsyncGenerator<readonly StripeEventObject[]> {
  const listQuery = listQueryOf(query)
  // The stretches that are left, the oldest last.
  const left: Stretch[] = [{ from: query.from, to: query.to, isPart: false }]
  for (let stretch = left.pop(); stretch !== undefined; stretch = left.pop()) {
    const end = Math.max(stretch.from + 1, stretch.to ?? nowUnixSeconds)
    const events = await readStretch(client, listQuery, { ...stretch, end })
    if (events === null) left.push(...halvesOf(stretch, end))
    else if (events.length > 0) yield events
  }
}

/**
 * Returns the coded error of what kept an account's events from being read, or from being taken; rethrows what is none of
 * Stripe's and has no code.
 */
export const errorOfEventList = (error: unknown, account: string): BillingSyncError =>
  error instanceof BillingSyncError ? error : errorOfStripe(error, { account, what: 'the list of events' })

interface Stretch {
  readonly from: number
  readonly to: number | null
  readonly isPart: boolean
}

const listQueryOf = ({ types, undelivered }: EventListQuery): ListQuery => ({
  path: '/v1/events',
  expand: [],
  params: {
    ...(types.length > mostTypes
      ? {}
      : Object.fromEntries(types.map((type, index) => [`types[${index}]`, type]))),
    ...(undelivered ? { delivery_success: 'false' } : {}),
  },
})

const halvesOf = ({ from, to }: Stretch, end: number): readonly Stretch[] => {
  const middle = Math.floor((from + end) / 2)
  return [
    { from: middle, to, isPart: true },
    { from, to: middle, isPart: true },
  ]
}

/** Answers the events of a stretch, oldest first, or null where there are too many to be held at once. */
const readStretch = async (
  client: AccountClient,
  query: ListQuery,
  { from, to, end, isPart }: Stretch & { readonly end: number },
): Promise<readonly StripeEventObject[] | null> => {
  const mayCut = end - from > 1
  const events = new Map<string, StripeEventObject>()
  for (let window: Window | null = firstWindow(from, to); window !== null; ) {
    const page = await readListPage(client, query, window)
    const found = page.entries.filter(isIdentified)
    for (const event of found) events.set(event.id, event)
    const last = found.at(-1)
    if (!page.hasMore || last === undefined) break
    const isTooLong =
      events.size > mostHeld || (isPart && window.last === null && expectedIn(page, from) > mostExpected)
    if (mayCut && isTooLong) return null
    window = { ...window, last: { id: last.id, created: createdOf(last) } }
  }
  return [...events.values()].reverse()
}

// A first page tells how dense the list is; the newest events may be denser than the others, never mind.
const expectedIn = ({ entries }: ListPage, from: number): number => {
  const seconds = entries.filter(isIdentified).map(createdOf)
  const [newest = from, oldest = from] = [seconds[0], seconds.at(-1)]
  return ((oldest - from) * seconds.length) / (newest - oldest + 1)
}

// Walks the lists of one account side by side. Guarantees: a list that the key may not read ends alone, whatever else
// goes wrong ends all of them; what only helps (invoice payments, relatives shown in place) is gone on without where the key
// may not read it; a resource counts as complete only when all that belongs to it was walked to its end.

import { setMaxListeners } from 'node:events'
import type { BillingSyncError } from '../../errors.ts'
import type { AccountClient } from '../stripe/account-client.ts'
import type { StripeClock } from '../stripe/stripe-clock.ts'
import { errorOfStripe, failureOfStripe, isForbidden } from '../stripe/stripe-failure.ts'
import type { ListPage, ListQuery } from './list-page.ts'
import { observeEntries } from './observe-entries.ts'
import type { AccountRooms } from './page-rooms.ts'
import {
  expandInRange,
  type ListName,
  listRows,
  type ResourceName,
  servedResource,
  tiedRank,
} from './resources.ts'
import type { Position, TakePage } from './walk.ts'
import { walkList } from './walk-list.ts'

export interface AccountWalk {
  readonly account: string
  /** The lists to walk (`listsOf`), and where each begins or goes on. */
  readonly positions: ReadonlyMap<ListName, Position>
  /** True where only objects created in some range are wanted. */
  readonly isRanged: boolean
  /**
   * True where invoices, and what is tied to them, wait for the customers: a paid one whose customer is not known yet gets its
   * contact by the e-mail that it was billed to, and would pass over the CRM's contact with the one of today.
   */
  readonly customersFirst?: boolean
  /** Answers the account's client for requests made on behalf of a resource, which end with the signal. */
  readonly clientOf: (resource: ResourceName, signal: AbortSignal) => AccountClient | Promise<AccountClient>
  readonly clock: StripeClock
  /** Mode of the key, where it tells. */
  readonly livemode: boolean | null
  /** Answers the account's commit number as the taker knows it, and how many commits the taker made. */
  readonly seqNow: () => { readonly seq: number; readonly commits: number }
  readonly takePage: TakePage
  /** Tells whether requests to a path have to wait for their turn; without it none ever has. */
  readonly isPaced?: (path: string) => boolean
  /** Where pages wait for room in memory. */
  readonly rooms: AccountRooms
  /** Told once of each thing that the key may not read and the walk goes on without. */
  readonly onRefusedHelper: (what: string) => void
  /** Ends the walk between two pages. */
  readonly signal: AbortSignal
}

export interface AccountWalked {
  /** Resources that were walked to their end, by this walk or an earlier one that it continued. */
  readonly complete: ReadonlySet<ResourceName>
  /** The first thing that went wrong; null also where the signal ended the walk. */
  readonly failure: BillingSyncError | null
}

/** Tells whether a failure ends all lists of an account: where one alone cannot be read, the others are as good as ever. */
export const endsAllLists = ({ code, retryable }: BillingSyncError): boolean =>
  retryable || code === 'account_disconnected'

/** Walks the lists to their end. Rejects with what `takePage` rejects with; never for what Stripe answers. */
export const walkAccount = async (walk: AccountWalk): Promise<AccountWalked> => {
  const stop = new AbortController()
  const signal = AbortSignal.any([walk.signal, stop.signal])
  // As many listen as requests are under way.
  setMaxListeners(0, signal)
  const told = new Set<string>()
  const onRefusedHelper = (what: string): void => {
    if (!told.has(what)) walk.onRefusedHelper(what)
    told.add(what)
  }
  const stopping = { ...walk, signal, onRefusedHelper }
  const walks = new Map<ListName, Promise<EndedList>>()
  const walkAfter = async (list: ListName, earlier: Promise<unknown> | undefined): Promise<EndedList> => {
    await earlier?.catch(() => undefined)
    try {
      const end = await endOf(list, stopping)
      if (end.kind === 'failed' && endsAllLists(end.failure)) stop.abort()
      return { list, end }
    } catch (thrown) {
      stop.abort()
      throw thrown
    }
  }
  for (const list of walk.positions.keys()) {
    const waits = walk.customersFirst === true && listRows[list].rank === tiedRank
    walks.set(list, walkAfter(list, waits ? walks.get('customers') : undefined))
  }
  const settled = await Promise.allSettled(walks.values())
  const fault = settled.find((result) => result.status === 'rejected')
  if (fault !== undefined) throw fault.reason
  return walkedOf(settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])))
}

type ListEnd =
  | { readonly kind: 'complete' }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'failed'; readonly failure: BillingSyncError }

interface EndedList {
  readonly list: ListName
  readonly end: ListEnd
}

const endOf = async (list: ListName, walk: AccountWalk): Promise<ListEnd> => {
  try {
    const isComplete = await walkOne(list, walk)
    return { kind: isComplete ? 'complete' : 'interrupted' }
  } catch (error) {
    const failure = errorOfStripe(error, { account: walk.account, what: `the list of ${inWords(list)}` })
    // What the signal cut off looks like a connection that broke.
    if (walk.signal.aborted) return { kind: 'interrupted' }
    if (list !== 'invoice_payments' || !isForbidden(error)) return { kind: 'failed', failure }
    walk.onRefusedHelper('invoice payments, which tie charges to invoices')
    return { kind: 'complete' }
  }
}

const inWords = (list: ListName): string => list.replace('_', ' ')

const walkOne = async (list: ListName, walk: AccountWalk): Promise<boolean> => {
  const { positions, clock, livemode, onRefusedHelper, signal } = walk
  const { kind, path, rank } = listRows[list]
  const client = await walk.clientOf(servedResource(list, positions), signal)
  const reading = { kind, client, livemode, onRefusedHelper }
  return walkList({
    list,
    client,
    clock,
    read: readerOf(list, walk),
    position: positions.get(list) ?? [],
    seqNow: walk.seqNow,
    observe: (objects, moment) => observeEntries(objects, moment, reading),
    takePage: walk.takePage,
    isHeldUp: () => walk.rooms.isFull() || walk.isPaced?.(path) === true,
    makeRoom: (wanted) => walk.rooms.take({ ...wanted, rank }),
    signal,
  })
}

type Read = (ask: (query: ListQuery) => Promise<ListPage>) => Promise<ListPage>

// A restricted key may read a list and not what its objects link to: then they are shown with ids alone. With which status
// Stripe tells so is documented nowhere, so any refusal will do; one that is about the list itself comes again.
const readerOf = (list: ListName, { isRanged, onRefusedHelper }: AccountWalk): Read => {
  const { path, params, expand: always } = listRows[list]
  let expand = isRanged ? [...always, ...(expandInRange[list] ?? [])] : always
  return async (ask) => {
    const asked = { path, params, expand }
    try {
      return await ask(asked)
    } catch (error) {
      if (asked.expand.length === 0 || failureOfStripe(error).kind !== 'refused') throw error
      const page = await ask({ ...asked, expand: [] })
      expand = []
      onRefusedHelper(`what ${inWords(list)} link to`)
      return page
    }
  }
}

const walkedOf = (ended: readonly EndedList[]): AccountWalked => {
  const ends = new Map(ended.map(({ list, end }) => [list, end]))
  const failures = ended.flatMap(({ end }) => (end.kind === 'failed' ? [end.failure] : []))
  const isComplete = (list: ListName): boolean => (ends.get(list)?.kind ?? 'complete') === 'complete'
  const resources = ended.flatMap(({ list }) => (list === 'invoice_payments' ? [] : [list]))
  const complete = resources.filter(
    (resource) =>
      isComplete(resource) &&
      (servedResource('invoice_payments', ends) !== resource || isComplete('invoice_payments')),
  )
  // What ends all of them says more than what ended one list alone.
  return { complete: new Set(complete), failure: failures.find(endsAllLists) ?? failures[0] ?? null }
}

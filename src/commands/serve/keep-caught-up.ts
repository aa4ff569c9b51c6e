// `serve --catch-up`: brings in what webhooks did not, while new ones already flow. Guarantees: every event of the last
// three days before the last completed catch-up, and later, that Stripe lists and the inbox does not hold becomes a
// pending row; an account counts as caught up only then, so a crash in the middle costs nothing but asking again.

import type { EventEmitter } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import pLimit from 'p-limit'
import type { Config } from '../../config/config.ts'
import type { Log } from '../../log.ts'
import { isHandled } from '../../pipeline/event-meaning.ts'
import type { Delivery, PipelineStore } from '../../ports/pipeline-store.ts'
import { errorOfEventList, keptSeconds } from '../../sources/event-list.ts'
import { acceptMissed } from '../../sources/missed-events.ts'
import { secondOfAnswer } from '../../sources/stripe/stripe-failure.ts'
import { untilAborted } from '../../sources/stripe/until-aborted.ts'
import { openAbandonedTransactions } from '../../store/abandoned-transactions.ts'
import {
  completeCatchUp,
  type EventGap,
  lastCatchUp,
  missingEvents,
  returnedSinceCatchUp,
} from '../../store/catch-ups.ts'
import { accountsByReach } from '../../store/connected-accounts.ts'
import type { Database } from '../../store/database.ts'
import { receiveEvents } from '../../store/inbox.ts'
import { translateMongoErrors } from '../../store/mongo-errors.ts'
import { ServerClock } from '../../store/server-clock.ts'
import { noteConnection } from '../opening/note-connection.ts'
import { type EventsOf, openEventLists } from '../opening/open-event-lists.ts'
import type { StripeCalls } from '../opening/open-stripe-calls.ts'

export interface CatchUpRequest {
  readonly config: Config
  readonly database: Database
  readonly log: Log
  readonly calls: StripeCalls
  readonly store: PipelineStore
  /** Answers whose key it is. */
  readonly platformOfKey: () => Promise<string>
  /** Tells whether so much waits in the inbox that nothing may be added. */
  readonly isBacklogFull: () => boolean
  /** Told of each account that has new rows in the inbox. */
  readonly wake: (account: string) => void
  /** Emits `account` when this process handled the return of one; those of others are looked for now and then. */
  readonly returns: EventEmitter
  /** Ends it early; what was found so far is kept. */
  readonly signal: AbortSignal
}

/** Before the last catch-up events may have been missed, too: Stripe tries to deliver for three days. */
const overlapMs = 3 * 24 * 60 * 60 * 1000
const keptMs = keptSeconds * 1000

/** Accounts asked at once. */
const accountsAtOnce = 4

/** Pause before accounts are asked again whose lists could not be read, and before a full inbox is looked at again. */
const againMs = 30_000
const roomMs = 1_000

/**
 * Catches up with all connected accounts and the platform, and from then on with each account that lets the platform in
 * again; the config has a key. Never rejects: what goes wrong is logged.
 */
export const keepCaughtUp = async (asked: CatchUpRequest): Promise<void> => {
  const request = { ...asked, clock: new ServerClock() }
  const { log, signal } = request
  const takeReturned = openReturned(request)
  const refused = new Set<string>()
  let left: readonly string[] | null = null
  while (!signal.aborted) {
    try {
      // Kept until they are caught up with: each return is taken once, and the round after it may meet trouble.
      if (left !== null) left = [...new Set([...left, ...(await takeReturned())])]
      left = await catchUpWith(left, refused, request)
    } catch (error) {
      if (!signal.aborted) log.error('catching up met trouble and is tried again', error)
    }
    await restUntilReturn(request)
  }
}

interface CatchUp extends CatchUpRequest {
  readonly clock: ServerClock
}

const restUntilReturn = async ({ returns, signal }: CatchUpRequest): Promise<void> => {
  // A signal that came before tells nobody any more.
  if (signal.aborted) return
  const woken = new AbortController()
  const wake = (): void => woken.abort()
  returns.once('account', wake)
  signal.addEventListener('abort', wake, { once: true })
  await wait(againMs, undefined, { signal: woken.signal }).catch(() => undefined)
  returns.off('account', wake)
  signal.removeEventListener('abort', wake)
}

// Each return is answered once: an account whose list is refused is not asked for it over and over.
const openReturned = ({ database: { db } }: CatchUpRequest): (() => Promise<readonly string[]>) => {
  const taken = new Map<string, number>()
  return async () => {
    const returned = await returnedSinceCatchUp(db)
    const fresh = returned.filter(({ account, at }) => taken.get(account) !== at.getTime())
    for (const { account, at } of fresh) taken.set(account, at.getTime())
    return fresh.map(({ account }) => account)
  }
}

// Answers the accounts that are to be asked again. Those refused are remembered: a later round, of others, does not mend them.
const catchUpWith = async (
  accounts: readonly string[] | null,
  refused: Set<string>,
  request: CatchUp,
): Promise<readonly string[]> => {
  const { config, database, calls, log, signal } = request
  if (accounts?.length === 0) return []
  const platformAccount = await untilAborted(request.platformOfKey(), signal, 0)
  const eventsOf = openEventLists(config, {
    ...{ database, calls, platformAccount, signal, dryRun: false },
    onWaiting: () => undefined,
  })
  const all = accounts ?? (await accountsByReach(database.db, platformAccount)).inReach
  log.info('catching up with what Stripe lists')
  const limit = pLimit(accountsAtOnce)
  const outcomes = await Promise.all(
    all.map((account) => limit(() => catchUpAccount(account, eventsOf, request))),
  )
  const left = all.filter((_, index) => outcomes[index] === 'again')
  for (const [index, account] of all.entries()) {
    if (outcomes[index] === 'refused') refused.add(account)
    else if (outcomes[index] === 'done') refused.delete(account)
  }
  if (signal.aborted || left.length > 0) return left
  if (refused.size > 0) log.warn('not all accounts are caught up with: see those named above')
  else log.info('caught up with what Stripe lists')
  return left
}

/** `refused`: asked again only by another start, since waiting does not mend it. */
type CaughtUp = 'done' | 'again' | 'refused'

const catchUpAccount = async (account: string, eventsOf: EventsOf, request: CatchUp): Promise<CaughtUp> => {
  const { database, log, signal, clock } = request
  const { db } = database
  if (signal.aborted) return 'again'
  try {
    // A machine whose clock is ahead would have the next catch-up begin after events that were missed.
    await translateMongoErrors(() => clock.synchronise(db))
    const startedAt = clock.now()
    const { from, gap } = rangeOf(await lastCatchUp(db, account), startedAt)
    const found = await acceptMissed({
      account,
      listed: eventsOf(account, { types: [], undelivered: false, from, to: null }),
      isWanted: isHandled,
      missing: (ids) => missingEvents(db, account, ids),
      accept: (deliveries) => store(account, deliveries, request),
    })
    await completeCatchUp(db, account, { startedAt, gap })
    if (gap !== null) log.warn('events are older than what Stripe keeps: backfill the account', { account })
    if (found > 0) log.info('events that were missed are in the inbox', { account, read: found })
    return 'done'
  } catch (error) {
    return signal.aborted ? 'again' : judge(account, error, request)
  }
}

/** Returns the second from which on events are asked for, and what lies too far back to be asked for. */
const rangeOf = (told: Date | null, now: Date): { readonly from: number; readonly gap: EventGap | null } => {
  const oldest = now.getTime() - keptMs
  // A time to come is of a clock that was wrong: when it was in truth nobody knows.
  const last = told !== null && told > now ? null : told
  const wanted = last === null ? oldest : last.getTime() - overlapMs
  const isLost = last !== null && last.getTime() < oldest
  return {
    from: Math.ceil(Math.max(oldest, wanted) / 1000),
    gap: isLost ? { since: last, until: new Date(oldest) } : null,
  }
}

const store = async (
  account: string,
  deliveries: readonly Delivery[],
  { database, signal, isBacklogFull, wake }: CatchUpRequest,
): Promise<void> => {
  while (isBacklogFull()) await wait(roomMs, undefined, { signal })
  await receiveEvents(database.db, deliveries, 'webhook')
  wake(account)
}

const judge = async (
  account: string,
  error: unknown,
  { log, database, store: pipelineStore }: CatchUpRequest,
): Promise<CaughtUp> => {
  const { code, message, retryable } = errorOfEventList(error, account)
  if (code === 'account_disconnected') {
    const onLostCommit = openAbandonedTransactions(database.client)
    const unixSeconds = secondOfAnswer(error, Math.floor(Date.now() / 1000))
    await noteConnection(account, 'disconnected', { store: pipelineStore, onLostCommit, unixSeconds })
    log.warn('the account does not let the platform in any more', { account })
    return 'done'
  }
  const isPassing = retryable && code !== 'stripe_unauthorized'
  const text = isPassing
    ? 'catching up with the account is tried again'
    : `the account cannot be caught up with: ${message}`
  log.warn(text, { account, code })
  return isPassing ? 'again' : 'refused'
}

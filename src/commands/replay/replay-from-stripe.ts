// `billing-sync replay --from-stripe`: which accounts are asked for which of their events.

import type { Config } from '../../config/config.ts'
import type { EventCriteria } from '../../core/event-criteria.ts'
import { secondAtOrAfter } from '../../core/unix-second.ts'
import { BillingSyncError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { mayAddTypes, typesHandled } from '../../pipeline/event-meaning.ts'
import { openEventFilter } from '../../sources/event-filter.ts'
import { type EventListQuery, keptSeconds } from '../../sources/event-list.ts'
import type { ReplayOptions } from '../../sources/replay-items.ts'
import { replayListed } from '../../sources/replay-listed.ts'
import type { ReplayTally } from '../../sources/replay-tally.ts'
import { accountsByReach, disconnectedAmong } from '../../store/connected-accounts.ts'
import type { Database } from '../../store/database.ts'
import { noteConnection } from '../opening/note-connection.ts'
import { openEventLists } from '../opening/open-event-lists.ts'
import type { Handling } from '../opening/open-handling.ts'
import type { StripeCalls } from '../opening/open-stripe-calls.ts'
import type { ReplayInput, ReplayRequest } from './replay-request.ts'

interface ListedReplay {
  readonly request: Pick<ReplayRequest, 'criteria' | 'dryRun'>
  readonly config: Config
  readonly calls: StripeCalls
  readonly handling: Handling
  readonly database: Database
  readonly log: Log
}

/** Replays the events that Stripe keeps into the tally. Rejects only for faults that are no account's. */
export const replayFromStripe = async (
  options: ReplayOptions,
  { request, config, calls, handling, database, log }: ListedReplay,
  input: Extract<ReplayInput, { kind: 'listed' }>,
): Promise<void> => {
  const { criteria, dryRun } = request
  const { tally, signal } = options
  const platform = await handling.platformOfKey()
  const accounts = await chooseAccounts(criteria.accounts, options, { config, database, platform })
  const eventsOf = openEventLists(config, {
    ...{ database, calls, dryRun, signal, platformAccount: platform },
    onWaiting: (reason) => {
      tally.waitingFor = reason
    },
  })
  const now = Date.now()
  const query = queryOf(criteria, input, now)
  if (isOutOfReach(criteria, now)) tellOutOfReach(accounts, tally, log)
  await replayListed({
    ...options,
    accounts: query.to !== null && query.to <= query.from ? [] : accounts,
    eventsOf: (account) => eventsOf(account, query),
    filter: openEventFilter({ ...criteria, accounts: [] }),
    onDisconnected: (account, unixSeconds) =>
      noteConnection(account, 'disconnected', { ...handling.options, unixSeconds }),
  })
}

// A disconnected account gets no calls; one that was asked for by name is told.
const chooseAccounts = async (
  named: readonly string[],
  { tally }: ReplayOptions,
  { config, database: { db }, platform }: Pick<ListedReplay, 'config' | 'database'> & { platform: string },
): Promise<readonly string[]> => {
  if (named.length === 0) {
    const { inReach, cutOff } = await accountsByReach(db, platform)
    tally.leftOut = cutOff
    const cut = new Set(cutOff)
    // A dry run has not written the config's accounts.
    const listed = config.accounts.map(({ stripe_user_id: id }) => id)
    return [...new Set([...inReach, ...listed])].filter((account) => !cut.has(account))
  }
  const cut = await disconnectedAmong(db, named)
  for (const account of cut)
    tally.failAccount(`stripe:${account}`, new BillingSyncError('account_disconnected', { account }))
  return [...new Set(named)].filter((account) => !cut.has(account))
}

const tellOutOfReach = (accounts: readonly string[], tally: ReplayTally, log: Log): void => {
  tally.outOfReach = accounts
  log.warn('Stripe keeps events for 30 days: what is older needs a backfill', { account: accounts.join(',') })
}

const queryOf = (
  { types, since, until }: EventCriteria,
  { undelivered }: Pick<EventListQuery, 'undelivered'>,
  now: number,
): EventListQuery => {
  const oldest = Math.floor(now / 1000) - keptSeconds
  const accepts = openEventFilter({ types, ids: [], accounts: [], since: null, until: null }).acceptsType
  return {
    types: types.length === 0 || types.some(mayFitOthers) ? [] : typesHandled.filter(accepts),
    undelivered,
    from: Math.max(oldest, since === null ? oldest : secondAtOrAfter(since)),
    to: until === null ? null : secondAtOrAfter(until),
  }
}

// A type that Stripe may yet add can't be asked for by name: then all types are, and the filter leaves out the others.
const mayFitOthers = (glob: string): boolean =>
  !typesHandled.includes(glob) && mayAddTypes(/^[\w.]*/.exec(glob)?.[0] ?? '')

const isOutOfReach = ({ since }: EventCriteria, now: number): boolean =>
  since !== null && since.getTime() < now - keptSeconds * 1000

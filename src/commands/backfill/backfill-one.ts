// Joins one account's backfill to the database and to Stripe.

import type { ConnectionState } from '../../core/connection.ts'
import { interruption } from '../../core/interruption.ts'
import { BillingSyncError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { ObservationHandling } from '../../pipeline/handle-observations.ts'
import type { OpenAccount, PipelineStore, ReadObjects } from '../../ports/pipeline-store.ts'
import { backfillAccount } from '../../sources/backfill/backfill-account.ts'
import type { AccountTally } from '../../sources/backfill/backfill-tally.ts'
import {
  type FailedEntry,
  type ObjectFailures,
  objectFailureOf,
} from '../../sources/backfill/object-failures.ts'
import type { PageRooms } from '../../sources/backfill/page-rooms.ts'
import type { ResourceName } from '../../sources/backfill/resources.ts'
import type { AccountWalk } from '../../sources/backfill/walk-account.ts'
import { secondOfAnswer } from '../../sources/stripe/stripe-failure.ts'
import type { AccountEnding } from '../../store/cursor-claims.ts'
import { noteConnection } from '../opening/note-connection.ts'
import type { BackfillRequest } from './backfill-request.ts'
import { foldPages, type PipelinePages } from './commit-pages.ts'
import { mendingOf } from './mend-account.ts'
import type { BackfillStripe } from './open-backfill-stripe.ts'
import type { ListRanges, Positions } from './open-positions.ts'
import type { StoredOfAccount } from './stored-of-account.ts'

/** What all accounts of a run share. */
export interface BackfillRun {
  readonly request: BackfillRequest
  readonly store: PipelineStore
  readonly positions: Positions
  readonly stripe: BackfillStripe
  /** Tells whether a worker is at an account's events. */
  readonly isWorkedOn: (account: string) => Promise<boolean>
  /** Answers what is stored of an account, within the ranges of its lists. */
  readonly storedOf: (account: string, ranges: ListRanges) => StoredOfAccount
  readonly rooms: PageRooms
  /** Told of every commit lost to another writer. */
  readonly onLostCommit: () => void
  /** Where objects that could not be applied are counted. */
  readonly failures: ObjectFailures
  readonly log: Log
  readonly signal: AbortSignal
}

/** Backfills one account. Rejects with the coded error that keeps it from being complete. */
export const backfillOne = async (tally: AccountTally, run: BackfillRun): Promise<void> => {
  const { account } = tally
  const { note, now } = connectionNoter(account, run)
  await run.positions.claim(account)
  let ending: AccountEnding = 'open'
  try {
    const opened = await run.store.openAccount(account)
    if (opened.parked) throw new BillingSyncError('account_parked', { account })
    const failure = await walkOne(tally, run, opened)
    if (failure?.code === 'account_disconnected') await note('disconnected', secondOfAnswer(failure, now()))
    if (failure !== null) throw failure
    if ([...tally.resources.values()].some(({ complete }) => !complete)) throw interruption(account)
    if (opened.connection?.state === 'disconnected') await note('connected', now())
    ending = 'tried'
  } catch (error) {
    // Whatever a process that was asked to stop ends an account with, the run goes on with it.
    if (error instanceof BillingSyncError && !run.signal.aborted)
      ending = error.retryable ? 'unfinished' : 'tried'
    throw error
  } finally {
    await run.positions.release(account, ending)
  }
}

/** Returns what notes whether an account lets the platform in, and what tells the second on Stripe's clock. */
export const connectionNoter = (account: string, run: BackfillRun) => {
  const { clock } = run.stripe
  return {
    now: (): number => clock.secondOf(clock.sending(), null),
    /** Rejects with `mongodb_unavailable` or `account_busy`. */
    note: (state: ConnectionState, unixSeconds: number): Promise<void> =>
      noteConnection(account, state, { ...run, unixSeconds }),
  }
}

const walkOne = async (
  tally: AccountTally,
  run: BackfillRun,
  opened: OpenAccount,
): Promise<BillingSyncError | null> => {
  const { account } = tally
  const onFailed = failureTeller(tally, run)
  const opening = await run.positions.open(account)
  const { positions, ranges, continued, mended, insists, failed, updatesOf, noteMended } = opening
  const commits = {
    ...{ account, updatesOf, handling: handlingOf(tally, run) },
    foldsAhead: !run.request.dryRun,
  }
  const stored = run.storedOf(account, ranges)
  const failure = await backfillAccount<PipelinePages>({
    tally,
    ...{ continued, mended, onMended: noteMended },
    seq: opened.seq,
    fold: (batch, earlier) => foldPages(batch, earlier, commits),
    isWorkedOn: () => run.isWorkedOn(account),
    countStored: stored.countStored,
    onFailed,
    onWarning: warnerOf(tally, run.log),
    walk: { ...(await walkOf(tally, run)), positions, customersFirst: await stored.isAnyAdoptable() },
    mending: mendingOf({
      ...{
        tally,
        opened,
        stored,
        onFailed,
        handling: commits.handling,
        stripe: run.stripe,
        insists,
      },
      readAlone: readerOf(tally, run, { readsRelatives: false }),
    }),
  })
  for (const [list, count] of failed) tally.countFailedBefore(list, count)
  return failure
}

/** Returns what is told of an account's objects that failed: they are counted and listed, and the log names each. */
export const failureTeller =
  ({ account }: AccountTally, { failures, log }: BackfillRun) =>
  (entry: FailedEntry): void => {
    const failure = objectFailureOf(account, entry)
    failures.add(failure)
    const { stripe_id: object_id, code } = failure
    log.warn('object failed', { account, type: entry.list, object_id, outcome: 'failed', code })
  }

/** Returns how an account's lists are walked, but for where each begins. */
export const walkOf = async (
  tally: AccountTally,
  run: BackfillRun,
): Promise<Omit<AccountWalk, 'positions' | 'seqNow' | 'takePage'>> => {
  const { account } = tally
  const { request, stripe, rooms, log, signal } = run
  const warn = warnerOf(tally, log)
  if (stripe.livemode === null)
    warn(
      'The key does not tell its mode: what is stored and no longer listed is not looked for (one that begins with sk_live_, sk_test_, rk_live_ or rk_test_ does tell)',
    )
  return {
    account,
    isRanged: request.range.since !== null || request.range.until !== null,
    clientOf: (resource, walkSignal) => stripe.clientOf(account, tally.listenerOf(resource), walkSignal),
    isPaced: await stripe.isPacedFor(account),
    clock: stripe.clock,
    livemode: stripe.livemode,
    rooms: rooms.of(account),
    onRefusedHelper: (what) => warn(`The key may not read ${what}: the backfill goes on without`),
    signal,
  }
}

// Of a run with `--json` the log alone tells it.
const warnerOf =
  ({ account, warnings }: AccountTally, log: Log) =>
  (warning: string): void => {
    warnings.push(warning)
    log.warn(warning.replace(/^The /, 'the '), { account })
  }

/** Returns how reads of an account are handled, each with the requests that it costs counted. */
export const handlingOf = (tally: AccountTally, run: BackfillRun): ObservationHandling => {
  const { request, store } = run
  return {
    store,
    effects: request.effects,
    now: () => new Date(),
    random: Math.random,
    onLostCommit: run.onLostCommit,
    restSignal: run.signal,
    endSignal: run.signal,
    onWaiting: (reason) => tally.noteCommitWait(reason === null ? null : 'MongoDB to answer'),
    readObjects: readerOf(tally, run, { readsRelatives: true }),
  }
}

/** Returns what reads single objects of an account, each request counted. */
export const readerOf = (
  tally: AccountTally,
  { request, stripe, signal }: BackfillRun,
  { readsRelatives }: { readonly readsRelatives: boolean },
): ReadObjects => {
  const [otherwise = 'customers'] = request.resources
  const reading = { of: (name: ResourceName) => tally.listenerOf(name), otherwise, readsRelatives }
  return stripe.readerOf(tally.account, reading, signal)
}

// Joins one account's backfill to the database and to Stripe.

import { BillingSyncError } from '../errors.ts'
import { handleObservations, type ObservationHandling } from '../handle-observations.ts'
import type { Log } from '../log.ts'
import type { OpenAccount, PipelineStore } from '../pipeline-store.ts'
import { backfillAccount } from '../sources/backfill/backfill-account.ts'
import type { AccountTally } from '../sources/backfill/backfill-tally.ts'
import type { PageRooms } from '../sources/backfill/page-rooms.ts'
import type { ResourceName } from '../sources/backfill/resources.ts'
import type { WalkFailure } from '../sources/backfill/walk-account.ts'
import type { BackfillRequest } from './backfill-request.ts'
import { commitPages } from './commit-pages.ts'
import type { BackfillStripe } from './open-backfill-stripe.ts'
import type { Positions } from './open-positions.ts'

/** What all accounts of a run share. */
export interface BackfillRun {
  readonly request: BackfillRequest
  readonly store: PipelineStore
  readonly positions: Positions
  readonly stripe: BackfillStripe
  /** Answers how many of an account's stored objects its list ought to show. */
  readonly countStored: (account: string, resource: ResourceName) => Promise<number>
  readonly rooms: PageRooms
  readonly log: Log
  readonly signal: AbortSignal
}

/** Backfills one account. Rejects with the coded error that keeps it from being complete. */
export const backfillOne = async (tally: AccountTally, run: BackfillRun): Promise<void> => {
  const { account } = tally
  await run.positions.claim(account)
  try {
    const opened = await run.store.openAccount(account)
    if (opened.parked) throw new BillingSyncError('account_parked', { account })
    const failure = await walkOne(tally, run, opened)
    if (failure?.kind === 'disconnected') {
      await noteConnection(tally, run, 'disconnected')
      throw new BillingSyncError('account_disconnected', { account })
    }
    if (failure !== null) throw failure.error
    if ([...tally.resources.values()].some(({ complete }) => !complete))
      throw new BillingSyncError('account_incomplete', { account, reason: 'it was interrupted' })
    if (opened.disconnected) await noteConnection(tally, run, 'connected')
  } finally {
    await run.positions.release(account)
  }
}

const walkOne = async (
  tally: AccountTally,
  run: BackfillRun,
  { seq }: OpenAccount,
): Promise<WalkFailure | null> => {
  const { account } = tally
  const { request, stripe, rooms, log, signal } = run
  const { positions, updatesOf } = await run.positions.open(account)
  const handling = handlingOf(tally, run)
  return backfillAccount({
    tally,
    seq,
    commit: (batch) => commitPages(batch, { account, handling, updatesOf }),
    countStored: (resource) => run.countStored(account, resource),
    onFailed: (code) => log.warn('object failed', { account, outcome: 'failed', code }),
    walk: {
      positions,
      isRanged: request.range.since !== null || request.range.until !== null,
      clientOf: (resource, walkSignal) => stripe.clientOf(account, tally.listenerOf(resource), walkSignal),
      isPaced: await stripe.isPacedFor(account),
      clock: stripe.clock,
      livemode: stripe.livemode,
      tellsPayment: request.effects === 'missing',
      makeRoom: rooms.take,
      onRefusedHelper: (what) => {
        tally.warnings.push(`The key may not read ${what}: the backfill goes on without`)
        log.warn(`the key may not read ${what}: the backfill goes on without`, { account })
      },
      signal,
    },
  })
}

/** Returns how reads of an account are handled, each with the requests that it costs counted. */
export const handlingOf = (tally: AccountTally, run: BackfillRun): ObservationHandling => {
  const { request, store, stripe, signal } = run
  const [otherwise = 'customers'] = request.resources
  const counting = { of: (resource: ResourceName) => tally.listenerOf(resource), otherwise }
  return {
    store,
    effects: request.effects,
    now: () => new Date(),
    random: Math.random,
    onLostCommit: () => undefined,
    readObjects: stripe.readerOf(tally.account, counting, signal),
  }
}

// What the answers tell of the connection holds as of now: the later news wins, as with events.
const noteConnection = async (
  tally: AccountTally,
  run: BackfillRun,
  state: 'connected' | 'disconnected',
): Promise<void> => {
  const unixSeconds = run.stripe.clock.secondOf(Date.now(), null)
  const batch = { seen: [], positions: [], lastSeq: 0, connection: { state, unixSeconds } }
  await handleObservations(tally.account, batch, handlingOf(tally, run))
}

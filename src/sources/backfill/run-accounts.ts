// Runs a backfill over many accounts, a bounded number of them at once: each that is begun is brought to its end before
// another one is. Guarantee: what one account ends with is its own matter; only where account after account meets
// trouble that is not about accounts (Stripe away, MongoDB away) are the rest left for another day.

import pLimit from 'p-limit'
import { interruptedReason } from '../../core/interruption.ts'
import { BillingSyncError } from '../../errors.ts'
import type { AccountTally } from './backfill-tally.ts'

export interface AccountRuns {
  readonly tallies: readonly AccountTally[]
  /** Backfills one account; rejects with the coded error that it ended with. */
  readonly backfill: (tally: AccountTally) => Promise<void>
  readonly accountsAtOnce: number
  /** True once a person asked to stop. */
  readonly signal: AbortSignal
}

/** Accounts that may meet passing trouble one after another before it counts as everybody's. */
const mostInARow = 5

/** Runs them all; every tally tells how its account ended. Rejects for what is no coded error. */
export const runAccounts = async ({
  tallies,
  backfill,
  accountsAtOnce,
  signal,
}: AccountRuns): Promise<void> => {
  const limit = pLimit(accountsAtOnce)
  const trouble: { inARow: number; last: BillingSyncError | null } = { inARow: 0, last: null }
  const stopsBecause = (): string | null => {
    if (signal.aborted) return interruptedReason
    return trouble.inARow >= mostInARow ? (trouble.last?.message ?? null) : null
  }
  const run = async (tally: AccountTally): Promise<void> => {
    const reason = stopsBecause()
    if (reason !== null) return tally.end(incomplete(tally.account, reason))
    tally.begin()
    const error = await errorOf(() => backfill(tally))
    tally.end(error)
    trouble.inARow = error?.retryable === true ? trouble.inARow + 1 : 0
    trouble.last = error
  }
  await Promise.all(tallies.map((tally) => limit(() => run(tally))))
}

const errorOf = async (work: () => Promise<void>): Promise<BillingSyncError | null> => {
  try {
    await work()
    return null
  } catch (error) {
    if (error instanceof BillingSyncError) return error
    throw error
  }
}

const incomplete = (account: string, reason: string): BillingSyncError =>
  new BillingSyncError('account_incomplete', { account, reason })

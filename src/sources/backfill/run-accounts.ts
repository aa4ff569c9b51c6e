// Runs a backfill over many accounts, a bounded number of them at once: each that is begun is brought to its end before
// another one is. Guarantee: what one account ends with is its own matter; only where account after account meets
// trouble that is not about accounts (Stripe away, MongoDB away, the platform's key refused) are the rest left for another
// day.

import pLimit from 'p-limit'
import { interruptedReason } from '../../core/interruption.ts'
import { BillingSyncError, codedErrorOf, type ErrorCode } from '../../errors.ts'
import type { AccountTally } from './backfill-tally.ts'

export interface AccountRuns {
  readonly tallies: readonly AccountTally[]
  /** Backfills one account; rejects with the coded error that it ended with. */
  readonly backfill: (tally: AccountTally) => Promise<void>
  /** Tells whether Stripe is asked about an account with its own access token. */
  readonly hasOwnToken: (account: string) => Promise<boolean>
  readonly accountsAtOnce: number
  /** True once a person asked to stop. */
  readonly signal: AbortSignal
}

/** Accounts that may meet trouble of these kinds one after another before it counts as everybody's. */
const mostInARow = 5
const ofEverybody: ReadonlySet<ErrorCode> = new Set(['mongodb_unavailable', 'stripe_unavailable'])
/** Trouble of a key: that of the platform's is everybody's, that of an access token its own account's. */
const ofKey: ReadonlySet<ErrorCode> = new Set(['stripe_unauthorized', 'stripe_rate_limited'])

/** Runs them all; every tally tells how its account ended. Rejects for what is no coded error once it is asked to stop. */
export const runAccounts = async ({
  tallies,
  backfill,
  hasOwnToken,
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
    const { account } = tally
    const reason = stopsBecause()
    if (reason !== null) return tally.end(incomplete(account, reason))
    tally.begin()
    const error = await errorOf(() => backfill(tally), signal)
    tally.end(error)
    // Other trouble that passes, such as an account that is busy, tells nothing of the rest, neither good nor bad.
    if (error?.retryable !== true) trouble.inARow = 0
    else if (await concernsEverybody(error, () => hasOwnToken(account))) {
      trouble.inARow += 1
      trouble.last = error
    }
  }
  await Promise.all(tallies.map((tally) => limit(() => run(tally))))
}

const concernsEverybody = async (
  { code }: BillingSyncError,
  hasOwnToken: () => Promise<boolean>,
): Promise<boolean> =>
  // Whether MongoDB, which holds the tokens, is there the next account tells.
  ofEverybody.has(code) || (ofKey.has(code) && !(await hasOwnToken().catch(() => false)))

// A fault of ours, such as one over a document that somebody damaged, is the account's that met it. What an end that was
// asked for throws tells of no account.
const errorOf = async (work: () => Promise<void>, signal: AbortSignal): Promise<BillingSyncError | null> => {
  try {
    await work()
    return null
  } catch (error) {
    if (signal.aborted && !(error instanceof BillingSyncError)) throw error
    return codedErrorOf(error)
  }
}

const incomplete = (account: string, reason: string): BillingSyncError =>
  new BillingSyncError('account_incomplete', { account, reason })

// Which run backfills an account. Guarantees: of two runs at once one gets the claim; a claim is renewed while its
// process lives and void soon after (lapsing-claim.ts): at once on the machine of its owner, so that a killed backfill
// goes on without a wait, and once it lapses where the owner was a container, or on another machine. A claim also tells how
// its run left the account, since several processes may share a run: the last one has to know whether all was tried.

import type { Db } from 'mongodb'
import { hasLapsed, isOfDead, type LapsingClaim, lapsesAt } from './lapsing-claim.ts'
import { translateMongoErrors } from './mongo-errors.ts'
import type { ThisProcess } from './this-process.ts'

/**
 * How a run left an account: `tried`, whatever came of it; `unfinished`, it met trouble that passes and goes on in the next
 * run; `open`, this run has yet to bring it to an end.
 */
export type AccountEnding = 'tried' | 'unfinished' | 'open'

interface ClaimRow extends LapsingClaim {
  readonly _id: string
  readonly stripe_user_id: string
  readonly token: string | null
  readonly claimed_at: Date
  /** The run that claimed the account last, and how it left it; rows of older versions have neither. */
  readonly run?: string
  readonly ending?: AccountEnding
}

/** Who holds an account; null is a claim that was made. */
export type Holder = Pick<ClaimRow, 'host' | 'pid' | 'claimed_at' | 'lapses_at'>

const claimsOf = (db: Db) => db.collection<ClaimRow>('billing.cursors')
const claimId = (account: string): string => `${account}:claim`

/**
 * Claims an account for a run. Returns null when it has it, else who holds it. `force` takes it from whoever has it.
 * Throws `mongodb_unavailable`.
 */
export const claimAccount = (
  db: Db,
  {
    account,
    run,
    force,
    claimant,
  }: {
    readonly account: string
    readonly run: string
    readonly force: boolean
    readonly claimant: ThisProcess
  },
): Promise<Holder | null> =>
  translateMongoErrors(async () => {
    const { token, host, pid } = claimant
    const holder = await claimRow(db, account, claimant)
    const ofDead = (await isOfDead(holder, claimant)) ? [{ token: holder.token }] : []
    const free = [{ token: null }, { token }, hasLapsed, ...ofDead]
    const filter = { _id: claimId(account), ...(force ? {} : { $or: free }) }
    const owner = { token: { $literal: token }, host: { $literal: host }, pid: { $literal: pid } }
    const fields = { ...owner, run: { $literal: run }, ending: 'open' }
    const claimed = await claimsOf(db).updateOne(filter, [
      { $set: { ...fields, claimed_at: '$$NOW', lapses_at: lapsesAt } },
    ])
    return claimed.matchedCount === 1 ? null : claimsOf(db).findOne({ _id: claimId(account) })
  })

// An upsert can't compare with the server's time, so the row is made first, as one that nobody holds.
const claimRow = async (db: Db, account: string, { host, pid }: ThisProcess): Promise<ClaimRow> => {
  const now = new Date()
  const unclaimed = { stripe_user_id: account, token: null, host, pid, claimed_at: now, lapses_at: now }
  const row = await claimsOf(db).findOneAndUpdate(
    { _id: claimId(account) },
    { $setOnInsert: unclaimed },
    { upsert: true, returnDocument: 'after' },
  )
  return row ?? { _id: claimId(account), ...unclaimed }
}

/** Renews the claims of a run on accounts. Throws `mongodb_unavailable`. */
export const renewClaims = (db: Db, accounts: readonly string[], token: string): Promise<void> =>
  translateMongoErrors(async () => {
    const filter = { _id: { $in: accounts.map(claimId) }, token }
    await claimsOf(db).updateMany(filter, [{ $set: { lapses_at: lapsesAt } }])
  })

/** Lets go of an account, and notes how its run left it. Throws `mongodb_unavailable`. */
export const releaseClaim = (
  db: Db,
  account: string,
  { token, ending }: { readonly token: string; readonly ending: AccountEnding },
): Promise<void> =>
  translateMongoErrors(async () => {
    await claimsOf(db).updateOne({ _id: claimId(account), token }, { $set: { token: null, ending } })
  })

/**
 * Returns how a run left accounts that other processes of it may have had; `tried` where they were another run's, which
 * this one does not wait for. Throws `mongodb_unavailable`.
 */
export const endingsOfRun = (
  db: Db,
  run: string,
  accounts: readonly string[],
): Promise<ReadonlyMap<string, AccountEnding>> =>
  translateMongoErrors(async () => {
    const rows = await claimsOf(db)
      .find({ _id: { $in: accounts.map(claimId) }, run })
      .toArray()
    const endings = new Map(rows.map(({ stripe_user_id, ending }) => [stripe_user_id, ending]))
    return new Map(accounts.map((account) => [account, endings.get(account) ?? 'tried']))
  })

// Which run backfills an account. Guarantees: of two runs at once one gets the claim; a claim is renewed while its
// process lives and lapses soon after, by the server's clock alone; on the machine of its owner a claim is void as
// soon as the process is gone, so that a killed backfill goes on at once.

import type { Db } from 'mongodb'
import { translateMongoErrors } from './mongo-errors.ts'

interface ClaimRow {
  readonly _id: string
  readonly stripe_user_id: string
  readonly token: string | null
  readonly host: string
  readonly pid: number
  readonly claimed_at: Date
  readonly lapses_at: Date
}

/** A run as it claims accounts. */
export interface Claimant {
  readonly token: string
  readonly host: string
  readonly pid: number
  /** Tells whether a process of this machine is gone. */
  readonly hasEnded: (pid: number) => Promise<boolean>
}

/** Who holds an account; null is a claim that was made. */
export type Holder = Pick<ClaimRow, 'host' | 'pid' | 'claimed_at' | 'lapses_at'>

/** How long a claim holds without being renewed; it is renewed three times as often. */
export const claimMs = 9_000

const claimsOf = (db: Db) => db.collection<ClaimRow>('billing.cursors')
const claimId = (account: string): string => `${account}:claim`
const lapsesAt = { $add: ['$$NOW', claimMs] }

/**
 * Claims an account for a run. Returns null when it has it, else who holds it. `force` takes it from whoever has it.
 * Throws `mongodb_unavailable`.
 */
export const claimAccount = (
  db: Db,
  {
    account,
    force,
    claimant,
  }: { readonly account: string; readonly force: boolean; readonly claimant: Claimant },
): Promise<Holder | null> =>
  translateMongoErrors(async () => {
    const holder = await claimRow(db, account, claimant)
    const free = [{ token: null }, { $expr: { $lt: ['$lapses_at', '$$NOW'] } }]
    const ofDead = (await isDead(holder, claimant)) ? [{ token: holder.token }] : []
    const filter = { _id: claimId(account), ...(force ? {} : { $or: [...free, ...ofDead] }) }
    const { token, host, pid } = claimant
    const fields = { token: { $literal: token }, host: { $literal: host }, pid: { $literal: pid } }
    const claimed = await claimsOf(db).updateOne(filter, [
      { $set: { ...fields, claimed_at: '$$NOW', lapses_at: lapsesAt } },
    ])
    return claimed.matchedCount === 1 ? null : claimsOf(db).findOne({ _id: claimId(account) })
  })

// An upsert can't compare with the server's time, so the row is made first, as one that nobody holds.
const claimRow = async (db: Db, account: string, { host, pid }: Claimant): Promise<ClaimRow> => {
  const now = new Date()
  const unclaimed = { stripe_user_id: account, token: null, host, pid, claimed_at: now, lapses_at: now }
  const row = await claimsOf(db).findOneAndUpdate(
    { _id: claimId(account) },
    { $setOnInsert: unclaimed },
    { upsert: true, returnDocument: 'after' },
  )
  return row ?? { _id: claimId(account), ...unclaimed }
}

// A container that starts again has the host name and the process id of the one that died.
const isDead = async ({ host, pid }: ClaimRow, claimant: Claimant): Promise<boolean> =>
  host === claimant.host && (pid === claimant.pid || (await claimant.hasEnded(pid)))

/** Renews the claims of a run on accounts. Throws `mongodb_unavailable`. */
export const renewClaims = (db: Db, accounts: readonly string[], token: string): Promise<void> =>
  translateMongoErrors(async () => {
    const filter = { _id: { $in: accounts.map(claimId) }, token }
    await claimsOf(db).updateMany(filter, [{ $set: { lapses_at: lapsesAt } }])
  })

/** Lets go of an account. Throws `mongodb_unavailable`. */
export const releaseClaim = (db: Db, account: string, token: string): Promise<void> =>
  translateMongoErrors(async () => {
    await claimsOf(db).updateOne({ _id: claimId(account), token }, { $set: { token: null } })
  })

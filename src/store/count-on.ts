// Where an account's count of commits goes on whose row lost it: somebody removed the row, or wrote one of their own.
// Guarantee: it is no number that a commit had whose notices are kept still, since ids of notices are made of it.

import type { Db, Document } from 'mongodb'

/** Selects rows without a number of commits: nothing but numbers compares with one. */
export const uncounted = { seq: { $not: { $gte: 0 } } } as const

/** Tells whether a row says how many commits its account had. */
export const isCounted = <Row extends { readonly seq: number }>(row: Row | null): row is Row =>
  typeof row?.seq === 'number' // as its type says, but others write rows, too

/** Notices that are looked at: whoever commits dates them, and no two clocks agree. */
const newestNotices = 1_000

/** Returns the greatest number of a commit of the account that is known still, 0 where there is none. */
export const lastKnownCommit = async (db: Db, account: string): Promise<number> => {
  const jobs = await db
    .collection<Document & { readonly _id: string }>('queue.jobs')
    .find({ stripe_user_id: account }, { projection: { _id: 1 }, sort: { at: -1 }, limit: newestNotices })
    .toArray()
  const owed = await db
    .collection<{ readonly seq: number }>('billing.outbox')
    .find({ stripe_user_id: account, ...anyRow }, { projection: { seq: 1 }, sort: { seq: -1 }, limit: 1 })
    .toArray()
  return Math.max(0, ...jobs.map(({ _id }) => commitOf(_id)), ...owed.map(({ seq }) => seq))
}

// All of them, as the index wants it said.
const anyRow = { status: { $in: ['pending', 'sent', 'dead'] }, sink: { $in: ['queue', 'socket'] } }

const commitOf = (noticeId: string): number => Number(/-(\d+)-\d+$/.exec(noticeId)?.[1] ?? 0)

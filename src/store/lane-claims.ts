// Which process works on an account. A claim only saves work: should two processes handle the same events, the second
// commit is refused by the account's sequence number, and an event settled meanwhile no longer fits its filter. But
// two that read the same objects from Stripe and fold the same batch are one too many, and a claim that is left behind
// tells that a process died, and over which account. Guarantees: a claim is held by one process at a time, renewed
// while that lives, void once it lapses by the server's clock, and on its own machine as soon as the process is gone.
// Rows are written without waiting for other nodes: a claim that a failover undoes is merely made again.

import type { Db } from 'mongodb'
import type { LaneClaim, LaneStore } from '../ports/work-store.ts'
import { hasLapsed, isOfDead, type LapsingClaim, lapsesAt } from './lapsing-claim.ts'
import { duplicateKey, translateMongoErrors } from './mongo-errors.ts'
import type { ThisProcess } from './this-process.ts'

interface LaneRow extends LapsingClaim {
  readonly _id: string
  readonly stripe_user_id: string
  /** Token of the process that works on the account; null: nobody does. */
  readonly worker: string | null
  /** The event that it runs alone. */
  readonly alone: string | null
}

/** Token of a process that died, for a lane that is left as if its process had. */
const ofNobody = 'nobody'
const longAgo = new Date(0)

const cheap = { writeConcern: { w: 1 } } as const

/** Claims lanes for one process; each claim is one write. Throws `mongodb_unavailable`. */
export class LaneClaims implements LaneStore {
  readonly #db: Db
  readonly #owner: ThisProcess
  readonly #held = new Set<string>()

  constructor(db: Db, owner: ThisProcess) {
    this.#db = db
    this.#owner = owner
  }

  claim(account: string): Promise<LaneClaim | null> {
    return translateMongoErrors(async () => {
      const claimed = (await this.#take(account, free(this.#owner))) ?? (await this.#takeOther(account))
      if (claimed !== null) this.#held.add(account)
      return claimed
    })
  }

  async runAlone(account: string, rowId: string | null): Promise<void> {
    await this.#change(account, { alone: rowId })
  }

  async release(account: string, { isSafe }: { readonly isSafe: boolean }): Promise<void> {
    this.#held.delete(account)
    await this.#change(account, { worker: isSafe ? null : ofNobody, lapses_at: longAgo, alone: null })
  }

  async renew(): Promise<void> {
    if (this.#held.size === 0) return
    const filter = { _id: { $in: [...this.#held] }, worker: this.#owner.token }
    await translateMongoErrors(() =>
      this.#lanes.updateMany(filter, [{ $set: { lapses_at: lapsesAt } }], cheap),
    )
  }

  get #lanes() {
    return this.#db.collection<LaneRow>('billing.lanes')
  }

  async #change(account: string, fields: Partial<LaneRow>): Promise<void> {
    const filter = { _id: account, worker: this.#owner.token }
    await translateMongoErrors(() => this.#lanes.updateOne(filter, { $set: fields }, cheap))
  }

  async #take(account: string, filter: object): Promise<LaneClaim | null> {
    const before = await this.#lanes.findOneAndUpdate(
      { _id: account, ...filter },
      [{ $set: { ...this.#fields(account), lapses_at: lapsesAt } }],
      { ...cheap, returnDocument: 'before' },
    )
    if (before === null) return null
    const isAbandoned = before.worker !== null && before.worker !== this.#owner.token
    return { abandoned: isAbandoned ? { aloneRowId: before.alone } : null }
  }

  // Nobody has worked on the account yet, or somebody does, or somebody died over it.
  async #takeOther(account: string): Promise<LaneClaim | null> {
    const holder = await this.#lanes.findOne({ _id: account })
    if (holder === null) return this.#takeFirst(account)
    return (await isOfDead(holder, this.#owner)) ? this.#take(account, { worker: holder.worker }) : null
  }

  async #takeFirst(account: string): Promise<LaneClaim | null> {
    try {
      const update = [{ $set: { ...this.#fields(account), lapses_at: lapsesAt } }]
      await this.#lanes.updateOne({ _id: account, worker: { $exists: false } }, update, {
        ...cheap,
        upsert: true,
      })
      return { abandoned: null }
    } catch (error) {
      if (isTaken(error)) return null
      throw error
    }
  }

  #fields(account: string) {
    const { token, host, pid } = this.#owner
    return { stripe_user_id: account, worker: token, host: { $literal: host }, pid, alone: null }
  }
}

/** Tells whether a process works on an account's events. Throws `mongodb_unavailable`. */
export const isWorkedOn = (db: Db, account: string): Promise<boolean> =>
  translateMongoErrors(async () => {
    const filter = { _id: account, worker: { $ne: null }, $expr: { $gt: ['$lapses_at', '$$NOW'] } }
    return (await db.collection<LaneRow>('billing.lanes').findOne(filter)) !== null
  })

const free = ({ token }: ThisProcess) => ({ $or: [{ worker: null }, { worker: token }, hasLapsed] })

const isTaken = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === duplicateKey

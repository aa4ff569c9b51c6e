// The accounts that this process backfills: claimed one by one, renewed together for as long as it lives.

import type { Db } from 'mongodb'
import { BillingSyncError } from '../errors.ts'
import { type AccountEnding, claimAccount, releaseClaim, renewClaims } from './cursor-claims.ts'
import { claimMs } from './lapsing-claim.ts'
import { hostNameIn, identifyThisProcess, type ThisProcess } from './this-process.ts'

/** A claim is renewed three times before it would lapse. */
const renewalsPerClaim = 3

/** Claims accounts for this process's backfill, and renews them until each is let go. */
export class ProcessClaims {
  readonly #db: Db
  readonly #claimant: ThisProcess
  readonly #held = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(db: Db, claimant: ThisProcess = identifyThisProcess()) {
    this.#db = db
    this.#claimant = claimant
  }

  /** The token under which positions are moved. */
  get token(): string {
    return this.#claimant.token
  }

  /** Claims an account for a run; `force` takes it from whoever has it. Throws `backfill_running` and `mongodb_unavailable`. */
  async claim(
    account: string,
    { run, force }: { readonly run: string; readonly force: boolean },
  ): Promise<void> {
    const holder = await claimAccount(this.#db, { account, run, force, claimant: this.#claimant })
    if (holder !== null) {
      const { host, pid, claimed_at: since } = holder
      const told = { account, host: hostNameIn(host), pid, since: since.toISOString() }
      throw new BillingSyncError('backfill_running', told)
    }
    this.#held.add(account)
    this.#timer ??= setInterval(() => this.#renew(), claimMs / renewalsPerClaim).unref()
  }

  /** Lets go of an account; one that can't be told of it learns it when the claim lapses. */
  async release(account: string, ending: AccountEnding): Promise<void> {
    this.#held.delete(account)
    if (this.#held.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    await releaseClaim(this.#db, account, { token: this.token, ending }).catch(isPassing)
  }

  // A claim that can't be renewed lapses; the positions' token decides then. Whatever keeps the server from it meets the work
  // as well, which tells it: thrown here, where nobody waits for it, it would end the process.
  #renew(): void {
    void renewClaims(this.#db, [...this.#held], this.token).catch(() => undefined)
  }
}

const isPassing = (error: unknown): void => {
  if (!(error instanceof BillingSyncError) || !error.retryable) throw error
}

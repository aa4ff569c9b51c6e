// Whoever keeps losing goes first. An attempt reads the account, folds, and is lost if anybody else commits meanwhile: one
// that takes longer than the others' pauses would be lost for ever (beside an event every 30 ms a backfill committed 6
// batches in 13 s; beside a backfill events waited up to 8 s; measured). Guarantee: after a loss an attempt has the
// account for itself from its first read on, and waits for nobody out there while it has. What proves too heavy then is tried
// once without: another program may have written one of its documents meanwhile, for which there is hardly time unheld.

import { BillingSyncError } from '../errors.ts'
import type { PipelineStore } from '../ports/pipeline-store.ts'

export interface Attempting<Result> {
  readonly account: string
  readonly store: PipelineStore
  /** Answers null where its commit was lost. It must not wait for Stripe. */
  readonly attempt: (store: PipelineStore) => Promise<Result | null>
  /** True where others are known to commit all the time: it is held from the first attempt on. */
  readonly isCrowded?: boolean
}

/** Returns what makes the attempt: with the account held once one was lost, since all others wait for it then. */
export const holdingAfterLoss = <Result>({
  account,
  store,
  attempt,
  isCrowded = false,
}: Attempting<Result>): (() => Promise<Result | null>) => {
  let wasLost = isCrowded
  let mayBeOutside = true
  return async () => {
    if (!wasLost || store.hold === undefined) {
      const result = await attempt(store)
      wasLost = result === null
      return result
    }
    const held = await store.hold(account)
    if (held === null) return null
    try {
      return await attempt(held.store)
    } catch (error) {
      const isTooHeavy = error instanceof BillingSyncError && error.code === 'commit_too_heavy'
      if (!(isTooHeavy && mayBeOutside)) throw error
      mayBeOutside = false
      wasLost = false
      return null
    } finally {
      await held.release()
    }
  }
}

// What a command that a person asked to stop ends with.

import { BillingSyncError } from '../errors.ts'

export const interruptedReason = 'it was interrupted'

/** Returns what an account ends with whose backfill was asked to stop: nothing of it is wrong, and the next run goes on. */
export const interruption = (account: string): BillingSyncError =>
  new BillingSyncError('account_incomplete', { account, reason: interruptedReason })

/** Returns what a wait for MongoDB ends with once a signal came. */
export const waitEnded = (cause?: unknown): BillingSyncError =>
  new BillingSyncError('mongodb_unavailable', { reason: 'a signal ended the wait' }, { cause })

// The one error of an embedded server that can't be used.

import { BillingSyncError } from '../../errors.ts'

/** Makes a `mongod_failed`; `reason` is for people, `log` the file that says more, where there is one. */
export const mongodFailure = (
  folder: string,
  reason: string,
  { log, cause }: { readonly log?: string; readonly cause?: unknown } = {},
): BillingSyncError => {
  const elsewhere = 'set MONGODB_URI to use another server'
  const remedy = log === undefined ? elsewhere : `see ${log}, or ${elsewhere}`
  return new BillingSyncError('mongod_failed', { folder, reason, remedy }, { cause })
}

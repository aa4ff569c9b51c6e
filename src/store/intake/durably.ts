// Runs a write command that is answered only once a majority has it in its journal. Guarantee: it ends when its time is
// up, whatever the server does; only an abort signal bounds an operation on a server that is frozen (`timeoutMS` does
// nothing in driver 7.9, measured). What was cut off may still take place.

import type { Db, Document } from 'mongodb'
import { BillingSyncError } from '../../errors.ts'
import { translateMongoErrors } from '../mongo-errors.ts'

/** Journaled by a majority: kills of mongod lost none of such writes, and 10 % of those with `w: 1, j: false` (measured). */
const writeConcern = { w: 'majority', j: true } as const

export interface WriteReply {
  /** Rows that were not written, by their index, with the server's error code. */
  readonly writeErrors: readonly { readonly index: number; readonly code: number }[]
}

/** Runs the command. Throws `mongodb_unavailable`, also where its time is up or the majority did not confirm. */
export const durably = async (db: Db, command: Document, signal: AbortSignal): Promise<WriteReply> => {
  try {
    const reply = await translateMongoErrors(() => db.command({ ...command, writeConcern }, { signal }))
    if (reply.writeConcernError !== undefined)
      throw new BillingSyncError('mongodb_unavailable', { reason: 'no majority confirmed the write' })
    return { writeErrors: Array.isArray(reply.writeErrors) ? reply.writeErrors : [] }
  } catch (error) {
    if (!signal.aborted) throw error
    throw new BillingSyncError('mongodb_unavailable', { reason: 'its time was up' }, { cause: error })
  }
}

// The end of a transaction. A commit whose answer was lost may have taken place: asking again is safe and tells.

import { type ClientSession, MongoError } from 'mongodb'
import { BillingSyncError } from '../errors.ts'
import { isCommitUnknown } from './mongo-errors.ts'

/** Attempts to learn what became of a commit before the outage is reported. */
const commitAttempts = 5

/**
 * Commits a session's transaction. Throws the driver's errors; what says that the outcome is unknown is one of them, or
 * `mongodb_unavailable`.
 */
export const commitKnowingly = async (session: ClientSession): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await session.commitTransaction()
      return
    } catch (thrown) {
      const error = thrown instanceof MongoError ? thrown : null
      if (attempt < commitAttempts && (error === null || isCommitUnknown(error))) continue
      // Where a connection ends in the turn of the commit, the driver asks the socket's error for labels: a TypeError (7.9.0).
      throw error ?? new BillingSyncError('mongodb_unavailable', { reason: cutOff }, { cause: thrown })
    }
  }
}

const cutOff = 'the commit was cut off'

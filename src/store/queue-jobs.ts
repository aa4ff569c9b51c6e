// The queue where no Redis is configured: `queue.jobs`, a document per notice that expires with the retention time. A
// commit writes them itself (outbox-rows.ts); here are those that an earlier configuration owed to Redis.

import type { Db } from 'mongodb'
import type { Notice } from '../core/notice.ts'
import { translateMongoErrors } from './mongo-errors.ts'

/** Stores notices as a commit does; one that is there already stays. Throws `mongodb_unavailable`. */
export const storeQueueJobs = async (
  db: Db,
  notices: readonly Notice[],
  retentionMs: number,
): Promise<void> => {
  if (notices.length === 0) return
  const expires_at = { $add: ['$$NOW', retentionMs] }
  const operations = notices.map((notice) => ({
    updateOne: {
      filter: { _id: notice.id },
      update: [
        { $replaceWith: { $mergeObjects: [{ $literal: notice }, { _id: '$_id', expires_at }, '$$ROOT'] } },
      ],
      upsert: true,
    },
  }))
  await translateMongoErrors(() => db.collection<{ _id: string }>('queue.jobs').bulkWrite(operations))
}

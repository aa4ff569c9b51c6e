// The Queue Manager's queue on Redis: BullMQ's `billing-sync`, a job per notice, its name the notice's kind and its id
// the notice's between the database's and the time of the commit: several databases may share the queue and number their
// commits alike, and one that was restored from a copy of its files numbers them anew under its old identity, while Redis
// still knows the jobs of before. Guarantees: jobs are added in the order of the commits; a notice added twice is one job as long as Redis knows the first. With Redis emptied a job that nobody had worked off is gone from there: Redis keeps the queue.

import { Queue } from 'bullmq'
import type { Notice } from '../core/notice.ts'
import type { OutboxRow } from '../ports/outbox-store.ts'
import { openRedis } from '../redis.ts'
import { notConnected, redisFailure } from './redis-failure.ts'
import type { Sink } from './sink.ts'

/** Name of the queue. */
export const queueName = 'billing-sync'

// Finished jobs stay for a while, so that a notice added again is recognised; failed ones are for a person to see.
const kept = {
  removeOnComplete: { age: 60 * 60, count: 20_000 },
  removeOnFail: { age: 30 * 24 * 60 * 60 },
}

/** A worker that throws gets the job again: 1, 2, 4, 8 s later. */
const retries = { attempts: 5, backoff: { type: 'exponential', delay: 1_000 } }

/** Returns the sink for the notices of a database, named by its identity; Redis need not be there yet. */
export const openQueueSink = (redisUrl: string, database: string): Sink => {
  const connection = openRedis(redisUrl)
  const queue = new Queue(queueName, { connection, skipVersionCheck: true })
  queue.on('error', () => undefined) // as for the connection itself
  return {
    name: 'queue',
    send: async (rows: readonly OutboxRow[]) => {
      // BullMQ would wait for a connection, however long that takes.
      if (connection.status !== 'ready') throw notConnected()
      try {
        await queue.addBulk(rows.flatMap(({ notices }) => notices.map((notice) => jobOf(notice, database))))
      } catch (error) {
        throw await redisFailure(error, connection)
      }
    },
    close: async () => {
      await queue.close().catch(() => undefined) // nothing is owed to a connection that is gone
      connection.disconnect()
    },
  }
}

const jobOf = (notice: Notice, database: string) => ({
  name: notice.kind,
  data: notice,
  opts: { jobId: `${database}-${notice.id}-${notice.at.getTime()}`, ...kept, ...retries },
})

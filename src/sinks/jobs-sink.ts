// The sink of what is still owed to Redis once no Redis is configured any more: it goes where the notices of new
// commits go, to `queue.jobs`. Guarantee: at least once, in the order of the commits; one stored twice is one document.

import type { Notice } from '../core/notice.ts'
import type { Sink } from './sink.ts'

/** Stores notices in `queue.jobs`; resolves once they are durable. */
export type StoreJobs = (notices: readonly Notice[]) => Promise<void>

/** Returns the sink. */
export const openJobsSink = (storeJobs: StoreJobs): Sink => ({
  name: 'queue',
  send: (rows) => storeJobs(rows.flatMap(({ notices }) => notices)),
  close: async () => undefined,
})

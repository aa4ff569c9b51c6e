// Notes that an account does not let the platform in any more, where a call for it was refused.

import { handleObservations } from '../../pipeline/handle-observations.ts'
import type { PipelineStore } from '../../ports/pipeline-store.ts'

/**
 * Stores it, as of now; the later news wins, as with events. Throws `mongodb_unavailable` or `account_busy` after a minute.
 * @param onLostCommit told of every commit lost to another writer
 */
export const noteDisconnected = async (
  store: PipelineStore,
  account: string,
  onLostCommit: () => void,
): Promise<void> => {
  const connection = { state: 'disconnected', unixSeconds: Math.floor(Date.now() / 1000) } as const
  await handleObservations(
    account,
    { seen: [], positions: [], lastSeq: 0, connection },
    {
      store,
      effects: 'none',
      now: () => new Date(),
      random: Math.random,
      readObjects: async () => new Map(),
      onLostCommit,
    },
  )
}

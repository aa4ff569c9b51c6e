// Notes whether an account lets the platform in, where a call for it told so.

import type { ConnectionState } from '../../core/connection.ts'
import { handleObservations, type ObservationHandling } from '../../pipeline/handle-observations.ts'

interface Connecting extends Pick<ObservationHandling, 'store' | 'onLostCommit'> {
  readonly unixSeconds: number
}

/**
 * Stores it; the later news wins, as with events. Throws `mongodb_unavailable` or `account_busy` after a minute.
 * @param unixSeconds second on Stripe's clock in which it was so
 */
export const noteConnection = async (
  account: string,
  state: ConnectionState,
  { store, onLostCommit, unixSeconds }: Connecting,
): Promise<void> => {
  await handleObservations(
    account,
    { seen: [], positions: [], lastSeq: 0, connection: { state, unixSeconds } },
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

// Notes whether an account lets the platform in, where a call for it told so.

import { handleObservations, type ObservationHandling } from '../../pipeline/handle-observations.ts'

/**
 * Stores it; the later news wins, as with events. Throws `mongodb_unavailable` or `account_busy` after a minute.
 * @param unixSeconds when it was so, by Stripe's clock as far as that is known
 */
export const noteConnection = async (
  account: string,
  state: 'connected' | 'disconnected',
  {
    store,
    onLostCommit,
    unixSeconds = Math.floor(Date.now() / 1000),
  }: Pick<ObservationHandling, 'store' | 'onLostCommit'> & { readonly unixSeconds?: number },
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

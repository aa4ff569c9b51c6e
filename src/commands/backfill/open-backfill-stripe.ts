// Stripe for a backfill: each account's clients, at the pace of the key and with every request counted, and the reader
// of single objects for what was overtaken while a list showed it.

import { readClocks } from '../../clocks.ts'
import type { Config } from '../../config/config.ts'
import { groupBy } from '../../core/group-by.ts'
import { livemodeOfKey } from '../../core/key-mode.ts'
import type { ReadObjects, ReadResult } from '../../ports/pipeline-store.ts'
import { type ResourceName, resourceOfKind } from '../../sources/backfill/resources.ts'
import type { AccountClient } from '../../sources/stripe/account-client.ts'
import { openObjectReader } from '../../sources/stripe/object-reader.ts'
import { endpointOf } from '../../sources/stripe/pace-endpoint.ts'
import type { PaceListener } from '../../sources/stripe/pace-http-client.ts'
import { StripeClock } from '../../sources/stripe/stripe-clock.ts'
import { openPacedClients } from '../opening/open-paced-clients.ts'
import type { StripeCalls } from '../opening/open-stripe-calls.ts'

/** Answers who counts the requests made on behalf of a resource. */
export type ListenerOf = (resource: ResourceName) => PaceListener

export interface BackfillStripe {
  /** Mode of the key, where it tells. */
  readonly livemode: boolean | null
  readonly clock: StripeClock
  /** Answers an account's client; its requests end with the signal. */
  clientOf(account: string, listener: PaceListener, signal: AbortSignal): Promise<AccountClient>
  /** Tells whether Stripe is asked about an account with its own access token, not with the platform's key. */
  hasOwnToken(account: string): Promise<boolean>
  /** Answers what tells whether requests about an account have to wait for their turn. */
  isPacedFor(account: string): Promise<(path: string) => boolean>
  /** Answers the reader of an account's single objects. */
  readerOf(account: string, reading: SingleReading, signal: AbortSignal): ReadObjects
}

/** How single objects are read. */
export interface SingleReading {
  readonly of: ListenerOf
  /** What objects count for that have no resource of their own. */
  readonly otherwise: ResourceName
  /** False where each is read alone, at the cost of one request. */
  readonly readsRelatives: boolean
}

export interface BackfillStripeOptions {
  readonly calls: StripeCalls
  readonly platformAccount: string
  /** Answers an account's own access token, null where it has none. */
  readonly accessTokenOf: (account: string) => Promise<string | null>
}

/** How long trouble that passes is waited out before a list is given up. */
const patienceMs = 60_000

/** Joins Stripe to a backfill. */
export const openBackfillStripe = (
  config: Config,
  { calls, platformAccount, accessTokenOf }: BackfillStripeOptions,
): BackfillStripe => {
  const clock = new StripeClock(readClocks)
  const livemode = livemodeOfKey(calls.key)
  const clientsFor = openPacedClients(config, {
    ...{ calls, share: 'lists', accessTokenOf },
    platformAccount: async () => platformAccount,
  })
  const accountClient: BackfillStripe['clientOf'] = (account, listener, signal) =>
    clientsFor({ listener, patienceMs, signal })(account)
  const hasOwnToken = async (account: string): Promise<boolean> => (await accessTokenOf(account)) !== null
  return {
    livemode,
    clock,
    clientOf: accountClient,
    hasOwnToken,
    isPacedFor: async (account) => {
      const owner = (await hasOwnToken(account)) ? account : platformAccount
      const pace = calls.paceOf(owner, 'lists')
      return (path) => pace.isBusy(endpointOf(path))
    },
    readerOf:
      (account, { of, otherwise, readsRelatives }, signal) =>
      async (opened, requests) => {
        const results = new Map<string, ReadResult>()
        for (const [kind, group] of groupBy(requests, (request) => request.kind)) {
          const listener = of(resourceOfKind(kind) ?? otherwise)
          const read = openObjectReader({
            clientOf: () => accountClient(account, listener, signal),
            ...{ clock, livemode, patienceMs, source: 'backfill', random: Math.random, signal },
            readsRelatives,
            onWaiting: listener.onWaiting,
          })
          for (const [key, result] of await read(opened, group)) results.set(key, result)
        }
        return results
      },
  }
}

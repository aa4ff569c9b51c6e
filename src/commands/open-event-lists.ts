// Joins Stripe's lists of events to a command: each account's list is read with the account's own client, at the speed
// that its key allows, and with trouble that passes waited out.

import type { Config } from '../config/config.ts'
import type { JsonObject } from '../core/json.ts'
import {
  type AccountClient,
  openAccountClients,
  openStripe,
  plainHttpClient,
} from '../sources/stripe/account-client.ts'
import { type EventListQuery, readEventList } from '../sources/stripe/event-list.ts'
import { PacedHttpClient } from '../sources/stripe/pace-http-client.ts'
import type { Database } from '../store/database.ts'
import { openPaces } from './open-pace.ts'
import { livemodeOfKey, openAccessTokens } from './open-stripe.ts'

export interface EventListsRequest {
  readonly database: Database
  readonly platformAccount: string
  /** True where the config's accounts are not in the database. */
  readonly dryRun: boolean
  /** Lowers Stripe's own limits, for the sake of others who use the key; null: not at all. */
  readonly requestsPerSecond: number | null
  /** Told what a request waits for, or null when it goes on. */
  readonly onWaiting: (reason: string | null) => void
  /** Ends every wait. */
  readonly signal: AbortSignal
}

export interface EventLists {
  /** Yields an account's events, oldest first. Throws the SDK's errors. */
  readonly eventsOf: (account: string, query: EventListQuery) => AsyncIterable<readonly JsonObject[]>
  readonly close: () => void
}

/** How long trouble that passes is waited out before a list is given up. */
const patienceMs = 60_000

/** Opens the lists; the config has a key. Throws `config_invalid` where an account's access token can't be opened. */
export const openEventLists = async (config: Config, request: EventListsRequest): Promise<EventLists> => {
  const { stripeKey = '', stripeApiBase: apiBase } = config
  const { platformAccount, requestsPerSecond, onWaiting, signal } = request
  const accessTokenOf = await openAccessTokens(config, request)
  const livemode = livemodeOfKey(stripeKey)
  const { paceOf, close } = await openPaces(config, { livemode, requestsPerSecond })
  const inner = plainHttpClient()
  const nobody = (): void => undefined
  const listener = { onRequest: nobody, onRetry: nobody, onLimited: nobody, onWaiting }
  const open = (secretKey: string, owner: string) => {
    const pace = paceOf(owner)
    const options = { pace, listener, patienceMs, random: Math.random, now: Date.now, signal }
    return openStripe({ secretKey, apiBase, httpClient: new PacedHttpClient(inner, options) })
  }
  const platform = open(stripeKey, platformAccount)
  const clientOf = (account: string): Promise<AccountClient> =>
    openAccountClients({
      platform,
      openStripe: (token) => open(token, account),
      accessTokenOf,
      platformAccount: async () => platformAccount,
    })(account)
  return { eventsOf: (account, query) => readWith(() => clientOf(account), query), close }
}

async function* readWith(
  openClient: () => Promise<AccountClient>,
  query: EventListQuery,
): AsyncGenerator<readonly JsonObject[]> {
  yield* readEventList(await openClient(), query, Math.floor(Date.now() / 1000))
}

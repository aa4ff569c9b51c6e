// Joins Stripe's lists of events to a command: each account's list is read with the account's own client, at the speed
// that its key allows, and with trouble that passes waited out.

import type { Config } from '../../config/config.ts'
import type { JsonObject } from '../../core/json.ts'
import { type EventListQuery, readEventList } from '../../sources/event-list.ts'
import type { AccountClient } from '../../sources/stripe/account-client.ts'
import type { Database } from '../../store/database.ts'
import { openPacedClients } from './open-paced-clients.ts'
import { openAccessTokens } from './open-stripe-access.ts'
import type { StripeCalls } from './open-stripe-calls.ts'

export interface EventListsRequest {
  readonly database: Database
  readonly calls: StripeCalls
  readonly platformAccount: string
  /** True where the config's accounts are not in the database. */
  readonly dryRun: boolean
  /** Told what a request waits for, or null when it goes on. */
  readonly onWaiting: (reason: string | null) => void
  /** Ends every wait. */
  readonly signal: AbortSignal
}

/** Yields an account's events, oldest first. Throws the SDK's errors. */
export type EventsOf = (account: string, query: EventListQuery) => AsyncIterable<readonly JsonObject[]>

/** How long trouble that passes is waited out before a list is given up. */
const patienceMs = 60_000

/** Opens the lists. */
export const openEventLists = (config: Config, request: EventListsRequest): EventsOf => {
  const { calls, platformAccount, onWaiting, signal } = request
  const nobody = (): void => undefined
  const listener = { onRequest: nobody, onRetry: nobody, onLimited: nobody, onWaiting }
  const clientOf = openPacedClients(config, {
    ...{ calls, share: 'lists', accessTokenOf: openAccessTokens(config, request) },
    platformAccount: async () => platformAccount,
  })({ listener, patienceMs, signal })
  return (account, query) => readWith(() => clientOf(account), query)
}

async function* readWith(
  openClient: () => Promise<AccountClient>,
  query: EventListQuery,
): AsyncGenerator<readonly JsonObject[]> {
  yield* readEventList(await openClient(), query, Math.floor(Date.now() / 1000))
}

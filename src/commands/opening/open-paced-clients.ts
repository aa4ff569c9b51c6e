// Stripe's clients of accounts, every request at the pace of the key that it is made with: the same for every command.

import { readClocks } from '../../clocks.ts'
import type { Config } from '../../config/config.ts'
import { type AccountClient, openAccountClients, openStripe } from '../../sources/stripe/account-client.ts'
import { PacedHttpClient, type PaceListener } from '../../sources/stripe/pace-http-client.ts'
import type { PaceShare } from '../../sources/stripe/place-order.ts'
import type { StripeCalls } from './open-stripe-calls.ts'

export interface PacedClientsOptions {
  readonly calls: StripeCalls
  readonly share: PaceShare
  /** Answers an account's own access token, null where it has none. */
  readonly accessTokenOf: (account: string) => Promise<string | null>
  readonly platformAccount: () => Promise<string>
}

/** On whose behalf requests are made. */
export interface Asking {
  readonly listener: PaceListener
  /** How long one request's trouble that passes is waited out, in milliseconds. */
  readonly patienceMs: number
  /** Ends every wait. */
  readonly signal: AbortSignal
}

/** Returns what opens the clients. */
export const openPacedClients =
  (
    { stripeApiBase: apiBase }: Pick<Config, 'stripeApiBase'>,
    { calls, share, accessTokenOf, platformAccount }: PacedClientsOptions,
  ): ((asking: Asking) => (account: string) => Promise<AccountClient>) =>
  (asking) =>
    openAccountClients({
      ...{ platformKey: calls.key, accessTokenOf, platformAccount },
      open: (secretKey, owner) => {
        const options = { ...asking, pace: calls.paceOf(owner, share), random: Math.random, now: readClocks }
        const httpClient = new PacedHttpClient(calls.httpClient, options)
        return openStripe({ secretKey, apiBase, httpClient })
      },
    })

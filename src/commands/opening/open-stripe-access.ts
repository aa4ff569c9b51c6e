// Joins Stripe to the pipeline where a key is set; without one nothing is retrieved. The SDK is loaded only then.

import { readClocks } from '../../clocks.ts'
import type { Config } from '../../config/config.ts'
import { livemodeOfKey } from '../../core/key-mode.ts'
import type { ObservationSource } from '../../core/observation.ts'
import { BillingSyncError } from '../../errors.ts'
import type { ReadObjects } from '../../ports/pipeline-store.ts'
import type { PaceShare } from '../../sources/stripe/place-order.ts'
import { untilAborted } from '../../sources/stripe/until-aborted.ts'
import { checkAccessTokens, readAccessToken } from '../../store/account-secrets.ts'
import type { Database } from '../../store/database.ts'
import type { CallsRequest, StripeCalls } from './open-stripe-calls.ts'

export interface StripeRequest {
  readonly database: Database
  readonly source: ObservationSource
  /** Answers whose key is used. */
  readonly platformOfKey: () => Promise<string>
  /** How objects are read before events about them are applied; null: they are not. */
  readonly reads: ObjectReads | null
  /** How long one object's trouble that passes is waited out, in milliseconds. */
  readonly patienceMs: number
  /** True where the config's accounts are not in the database, so that their tokens are taken from the config. */
  readonly dryRun: boolean
  /** Told what is waited for, for people; null once it is over. */
  readonly onWaiting: (reason: string | null) => void
}

/** Whose budget reads take from, and what ends them. */
export interface ObjectReads {
  readonly calls: StripeCalls
  readonly share: PaceShare
  readonly signal: AbortSignal
}

/**
 * Returns what asks Stripe for the platform's own account id, null where no key is set; once it has answered, it is not
 * asked again. What is returned throws `stripe_unauthorized`, `stripe_rate_limited`, `stripe_unavailable` or `stripe_refused`.
 * @param onServed see `CallsRequest`
 * @param signal ends the wait for the answer, as an outage does
 */
export const openPlatformQuestion = (
  { stripeKey: secretKey, stripeApiBase: apiBase }: Config,
  onServed: CallsRequest['onServed'],
  signal: AbortSignal = new AbortController().signal,
): (() => Promise<string>) | null => {
  if (secretKey === undefined) return null
  let told: string | undefined
  return async () => {
    told ??= await askOnce({ secretKey, apiBase, onServed }, signal)
    return told
  }
}

interface PlatformQuestion extends Pick<CallsRequest, 'onServed'> {
  readonly secretKey: string
  readonly apiBase: string | undefined
}

// Once in a process's life, and before anybody knows whose budget it is.
const askOnce = async ({ onServed, ...settings }: PlatformQuestion, signal: AbortSignal): Promise<string> => {
  const [{ clientOf, openStripe, plainHttpClient }, { askPlatformAccount }, { CountedHttpClient }] =
    await Promise.all([
      import('../../sources/stripe/account-client.ts'),
      import('../../sources/stripe/platform.ts'),
      import('../../sources/stripe/counted-http-client.ts'),
    ])
  const plain = plainHttpClient()
  const httpClient = onServed === null ? plain : new CountedHttpClient(plain, onServed)
  const asked = askPlatformAccount(clientOf(openStripe({ ...settings, httpClient }), null))
  try {
    return await untilAborted(asked, signal, 0)
  } catch (error) {
    throw signal.aborted ? new BillingSyncError('stripe_unavailable', {}, { cause: error }) : error
  } finally {
    plain.close()
  }
}

/**
 * Opens the calls that events are handled with, at the speed that the key allows; null where none is set.
 * @param onServed see `CallsRequest`
 */
export const openCallsWithKey = async (
  config: Config,
  onServed: CallsRequest['onServed'],
): Promise<StripeCalls | null> => {
  const { stripeKey: key } = config
  if (key === undefined) return null
  const { openStripeCalls } = await import('./open-stripe-calls.ts')
  return openStripeCalls(config, { key, requestsPerSecond: null, onServed })
}

/** Returns what reads objects from Stripe, null where payloads are taken as they are. */
export const openObjectReads = async (
  config: Config,
  { reads, ...request }: StripeRequest,
): Promise<ReadObjects | null> => {
  if (config.stripeKey === undefined || reads === null || config.hydrate === 'never') return null
  return openReads(config, { ...request, reads })
}

// Whoever waits for an object tries again by itself: its requests are made once each.
const requestPatienceMs = 0

const openReads = async (
  config: Config,
  { reads: { calls, share, signal }, ...request }: StripeRequest & { readonly reads: ObjectReads },
): Promise<ReadObjects> => {
  const [{ openPacedClients }, { openObjectReader }, { StripeClock }] = await Promise.all([
    import('./open-paced-clients.ts'),
    import('../../sources/stripe/object-reader.ts'),
    import('../../sources/stripe/stripe-clock.ts'),
  ])
  const { platformOfKey, source, patienceMs, onWaiting } = request
  const accessTokenOf = openAccessTokens(config, request)
  const clientsFor = openPacedClients(config, {
    ...{ calls, share, accessTokenOf },
    platformAccount: platformOfKey,
  })
  const nobody = (): void => undefined
  const listener = { onRequest: nobody, onRetry: nobody, onLimited: nobody, onWaiting: nobody }
  return openObjectReader({
    clientOf: clientsFor({ listener, patienceMs: requestPatienceMs, signal }),
    clock: new StripeClock(readClocks),
    livemode: livemodeOfKey(calls.key),
    random: Math.random,
    ...{ source, patienceMs, onWaiting, signal },
  })
}

/**
 * Throws `config_invalid` where an account's access token, as the config leaves it, can't be opened or is of the other mode
 * than the platform's key. The config itself was judged when it was read, so what it lists anew or forgets is not asked for.
 */
export const checkStoredTokens = (
  { accounts, encryptionKey, stripeKey }: Config,
  { db }: Pick<Database, 'db'>,
): Promise<void> => {
  const listed = accounts.filter(({ access_token: token }) => token !== undefined)
  const others = listed.map(({ stripe_user_id: id }) => id)
  return checkAccessTokens(db, encryptionKey, { livemode: livemodeOfKey(stripeKey), others })
}

/** Returns what answers an account's own access token, null where it has none; `openHandling` has checked them all. */
export const openAccessTokens = (
  { accounts, encryptionKey }: Config,
  { database: { db }, dryRun }: Pick<StripeRequest, 'database' | 'dryRun'>,
): ((account: string) => Promise<string | null>) => {
  const listed = new Map(
    accounts.flatMap(({ stripe_user_id: id, access_token: token }) =>
      dryRun === true && token !== undefined ? [[id, token] as const] : [],
    ),
  )
  return async (account) =>
    listed.has(account) ? (listed.get(account) ?? null) : readAccessToken(db, account, encryptionKey)
}

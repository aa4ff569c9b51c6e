// Joins Stripe to the pipeline where a key is set; without one nothing is retrieved. The SDK is loaded only then.

import type { Config } from '../config/config.ts'
import type { ObservationSource } from '../core/observation.ts'
import type { ReadObjects } from '../pipeline-store.ts'

export interface StripeAccess {
  /** Null where payloads are taken as they are. */
  readonly readObjects: ReadObjects | null
  /** Asks Stripe for the platform's own account id. Throws `stripe_unauthorized`, `stripe_unavailable` or `stripe_refused`. */
  readonly askPlatform: (() => Promise<string>) | null
}

/** How long one object's trouble that passes is waited out. */
const patienceMs = 60_000

/** Returns what the configuration allows to ask of Stripe. */
export const openStripeAccess = async (
  config: Config,
  {
    source,
    platformAccount,
  }: { readonly source: ObservationSource; readonly platformAccount: () => Promise<string> },
): Promise<StripeAccess> => {
  const { stripeKey: secretKey, stripeApiBase: apiBase } = config
  if (secretKey === undefined) return { readObjects: null, askPlatform: null }
  const [{ clientOf, openStripe }, { openObjectReader }, { askPlatformAccount }, { StripeClock }] =
    await Promise.all([
      import('../sources/stripe/account-client.ts'),
      import('../sources/stripe/object-reader.ts'),
      import('../sources/stripe/platform.ts'),
      import('../sources/stripe/stripe-clock.ts'),
    ])
  const stripe = openStripe({ secretKey, apiBase })
  const askPlatform = () => askPlatformAccount(clientOf(stripe, null))
  if (config.hydrate === 'never') return { readObjects: null, askPlatform }
  const readObjects = openObjectReader({
    clientOf: async (account) => clientOf(stripe, account === (await platformAccount()) ? null : account),
    clock: new StripeClock(Date.now),
    source,
    livemode: /^[rs]k_(live|test)_/.test(secretKey) ? secretKey.includes('_live_') : null,
    patienceMs,
    random: Math.random,
    onWaiting: () => undefined,
  })
  return { readObjects, askPlatform }
}

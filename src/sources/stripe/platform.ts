// The platform's own account, asked of Stripe: https://docs.stripe.com/api/accounts/retrieve

import type { AccountClient } from './account-client.ts'
import { failureOfStripe, refusalOf } from './stripe-failure.ts'

const what = "the key's account"

/** Returns the id of the account that the key belongs to. Throws `stripe_unauthorized`, `stripe_unavailable` or `stripe_refused`. */
export const askPlatformAccount = async ({ stripe, options }: AccountClient): Promise<string> => {
  try {
    const { id } = await stripe.accounts.retrieveCurrent({}, options)
    return id
  } catch (error) {
    const failure = failureOfStripe(error, what)
    if ('error' in failure) throw failure.error
    throw refusalOf({ what, status: 404, reason: failure.kind }, error)
  }
}

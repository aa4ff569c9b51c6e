// An account whose lists are worth a walk.

import { playStripe } from './stripe/played-stripe.ts'
import { populate } from './stripe/population.ts'

/** A played Stripe whose acct_1 has some of everything, most of it in two seconds. */
export const grownAccount = async () => {
  const played = await playStripe()
  played.world.clock.set(played.world.clock.now() - 3_600)
  const account = played.world.account('acct_1')
  const counts = {
    customers: 130,
    products: 3,
    subscriptions: 120,
    paidInvoices: 230,
    charges: 20,
    refunds: 5,
    disputes: 2,
  }
  populate(account, { ...counts, secondsApart: 0 })
  played.world.clock.advance(10)
  account.seed('customer', {})
  return { ...played, account }
}

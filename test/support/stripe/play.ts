// A Stripe to try things on, on this machine alone: `npm run play:stripe`. Ends with Ctrl-C.
import { populate } from './population.ts'
import { startStripeServer } from './stripe-server.ts'
import { PLATFORM_KEYS } from './world.ts'

const accounts = ['acct_1', 'acct_2']
const ofEach = {
  customers: 150,
  products: 12,
  subscriptions: 60,
  paidInvoices: 200,
  refunds: 20,
  disputes: 8,
}
const aDay = 86_400

const server = await startStripeServer({ mode: 'test' })
for (const id of accounts) populate(server.world.account(id), { ...ofEach, secondsApart: aDay / 4 })
console.log(`Stripe is played until Ctrl-C, with the accounts ${accounts.join(' and ')}. In another terminal:

  export STRIPE_API_BASE=${server.url} STRIPE_SECRET_KEY=${PLATFORM_KEYS.test}
  node bin/billing-sync.js backfill --account ${accounts.join()}
  node bin/billing-sync.js backfill --account ${accounts.join()} --verify`)

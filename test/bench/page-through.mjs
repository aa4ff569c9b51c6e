// What the SDK's own auto-paging reaches that stores nothing: node page-through.mjs <url> <key> <account> <list,…>.
// Prints the number of objects and the milliseconds as JSON.

import Stripe from 'stripe'

const [url, key, stripeAccount, lists] = process.argv.slice(2)
const { hostname: host, port } = new URL(url)
const stripe = new Stripe(key, { host, port, protocol: 'http', telemetry: false })

/** What `backfill` asks for besides: the same answers cost the same. */
const params = {
  customers: {},
  products: { expand: ['data.default_price'] },
  subscriptions: { status: 'all', expand: ['data.latest_invoice', 'data.customer'] },
  invoices: { expand: ['data.parent.subscription_details.subscription'] },
  charges: { expand: ['data.customer', 'data.balance_transaction'] },
  refunds: { expand: ['data.charge'] },
  disputes: { expand: ['data.charge'] },
}

let objects = 0
const started = performance.now()
await Promise.all(
  lists.split(',').map(async (list) => {
    for await (const _ of stripe[list].list({ limit: 100, ...params[list] }, { stripeAccount })) objects += 1
  }),
)
process.stdout.write(JSON.stringify({ objects, ms: performance.now() - started }))

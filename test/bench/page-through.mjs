// Pages through lists with the SDK's own auto-paging. As a program it stores nothing: node page-through.mjs <url> <key>
// <account> <list,…>, and prints the number of objects and the milliseconds as JSON.

import { fileURLToPath } from 'node:url'
import Stripe from 'stripe'

/** What `backfill` asks for besides: the same answers cost the same. */
export const paramsOf = {
  customers: {},
  products: { expand: ['data.default_price'] },
  subscriptions: { status: 'all', expand: ['data.latest_invoice', 'data.customer'] },
  invoices: { expand: ['data.parent.subscription_details.subscription'] },
  charges: { expand: ['data.customer', 'data.balance_transaction'] },
  refunds: { expand: ['data.charge'] },
  disputes: { expand: ['data.charge'] },
}

/**
 * Reads lists side by side.
 * @param {{ url: string, key: string, account: string, lists: string }} reading
 * @param {() => Promise<void> | void} take told of each object
 */
export const eachObject = async ({ url, key, account: stripeAccount, lists }, take) => {
  const { hostname: host, port } = new URL(url)
  const stripe = new Stripe(key, { host, port, protocol: 'http', telemetry: false })
  await Promise.all(
    lists.split(',').map(async (list) => {
      for await (const _ of stripe[list].list({ limit: 100, ...paramsOf[list] }, { stripeAccount }))
        await take()
    }),
  )
}

const [program, url, key, account, lists] = process.argv.slice(1)
if (program === fileURLToPath(import.meta.url)) {
  let objects = 0
  const started = performance.now()
  await eachObject({ url, key, account, lists }, () => {
    objects += 1
  })
  process.stdout.write(JSON.stringify({ objects, ms: performance.now() - started }))
}

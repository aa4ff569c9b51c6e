// The most that anyone reads of a list who never exceeds Stripe's limit: where each page begins is known beforehand, 25
// requests are under way as soon as the limit lets them, a second after the answers of those before, and nothing is stored.
// As a program: node page-within-limit.mjs <url> <key> <account> <list>; prints the number of objects and the milliseconds
// as JSON.

import { setTimeout as wait } from 'node:timers/promises'
import Stripe from 'stripe'
import { paramsOf } from './page-through.mjs'

/** https://docs.stripe.com/rate-limits */
const requestsPerSecond = 25

/** A second and what timers are early by: a place is free again once its request has surely arrived so long ago. */
const placeMs = 1_004

const [url, key, stripeAccount, list] = process.argv.slice(2)
const { hostname: host, port } = new URL(url)
const stripe = new Stripe(key, { host, port, protocol: 'http', telemetry: false })
const pageAfter = (cursor) =>
  stripe[list].list(
    { limit: 100, ...paramsOf[list], ...(cursor === null ? {} : { starting_after: cursor }) },
    { stripeAccount },
  )

// One after another, with a pause: far below the limit.
const cursors = []
for (let cursor = null; ; ) {
  cursors.push(cursor)
  const { data, has_more: hasMore } = await pageAfter(cursor)
  if (!hasMore) break
  cursor = data.at(-1).id
  await wait(1_000 / requestsPerSecond)
}
await wait(placeMs)

const places = Array.from({ length: requestsPerSecond }, () => Promise.resolve())
const started = performance.now()
const pages = await Promise.all(
  cursors.map((cursor, index) => {
    const page = places[index % requestsPerSecond].then(() => pageAfter(cursor))
    places[index % requestsPerSecond] = page.then(() => wait(placeMs))
    return page
  }),
)
const ms = performance.now() - started
const objects = pages.reduce((sum, { data }) => sum + data.length, 0)
process.stdout.write(JSON.stringify({ objects, ms }))

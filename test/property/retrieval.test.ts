import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../support/memory-store.ts'
import { live, steps } from '../support/random-life.ts'
import { deliveryOptions, handleEvents, readerOf } from '../support/reading-pipeline.ts'
import type { EventRecord } from '../support/stripe/event-record.ts'
import { playStripe } from '../support/stripe/played-stripe.ts'

const shuffled = (events: readonly EventRecord[], keys: readonly number[]): readonly EventRecord[] =>
  [...events, ...events.filter((_, index) => (keys[index % keys.length] ?? 0) % 3 === 0)]
    .map((event, index) => ({ event, key: keys[(index * 7) % keys.length] ?? 0 }))
    .sort((a, b) => a.key - b.key)
    .map(({ event }) => event)

/** Fields that are the mirror's own, or that it completes from relatives. */
const ours = new Set([
  '_id',
  'stripe_id',
  'stripe_user_id',
  'sync',
  'expanded',
  'deleted',
  'deleted_at',
  'metadata',
])
const canonical = new Set([
  'invoice',
  'charge',
  'charges',
  'paid',
  'subscription',
  'current_period_start',
  'current_period_end',
])

const mirrored = (document: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(document).filter(([key]) => !ours.has(key) && !canonical.has(key)))

const collections = {
  customer: 'billing.customers',
  subscription: 'billing.subscriptions',
  invoice: 'billing.invoices',
  charge: 'billing.charges',
} as const

describe('with Stripe at hand', () => {
  test('events in any order leave the mirror equal to Stripe', { timeout: 120_000 }, async () => {
    const seed = Number(process.env.PROPERTY_SEED ?? Date.now() % 2 ** 31)
    console.log(`PROPERTY_SEED=${seed}`)
    const { server, world } = await playStripe()
    let lives = 0
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.array(fc.nat(1000), { minLength: 5, maxLength: 40 }),
        async (history, keys) => {
          lives += 1
          const account = world.account(`acct_${lives}`)
          world.clock.set(Math.floor(Date.now() / 1000) - 60)
          live(account, () => world.clock.advance(1), history)
          world.clock.run()
          const store = new MemoryStore([])
          const options = deliveryOptions(store, readerOf(server))
          const events = shuffled(account.events, keys)
          for (let start = 0; start < events.length; start += 7) {
            await handleEvents(events.slice(start, start + 7), options)
          }
          const stored = store.dump()
          for (const [type, collection] of Object.entries(collections) as [
            keyof typeof collections,
            string,
          ][]) {
            const documents = new Map(
              (stored[collection] ?? []).map((document) => [document.stripe_id, document]),
            )
            for (const id of account.ids(type)) {
              const document = documents.get(id)
              const truth = account.get(type, id)
              if (truth.deleted === true) expect(document).toMatchObject({ deleted: true })
              else {
                expect(mirrored(document ?? {})).toEqual(mirrored(JSON.parse(JSON.stringify(truth))))
                expect(
                  (document as { sync?: Record<string, unknown> } | undefined)?.sync?.own_metadata,
                ).toEqual(truth.metadata)
              }
            }
          }
        },
      ),
      { numRuns: 40, seed },
    )
  })
})

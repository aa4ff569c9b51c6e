import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MemoryStore } from '../support/memory-store.ts'
import { deliveryOptions, handleEvents, readerOf } from '../support/reading-pipeline.ts'
import { finalizeInvoice, renewSubscription } from '../support/stripe/billing-story.ts'
import type { EventRecord } from '../support/stripe/event-record.ts'
import { ImpossibleInStripe } from '../support/stripe/impossible-in-stripe.ts'
import { payInvoice } from '../support/stripe/payment-story.ts'
import { playStripe } from '../support/stripe/played-stripe.ts'
import type { StripeAccount } from '../support/stripe/stripe-account.ts'

/** One thing that happens at Stripe; numbers choose among the objects there are. */
interface Step {
  readonly verb:
    | 'customer'
    | 'rename'
    | 'subscribe'
    | 'plan'
    | 'renew'
    | 'finalize'
    | 'pay'
    | 'tag'
    | 'delete'
    | 'second'
  readonly pick: number
}

const verbs = [
  'customer',
  'rename',
  'subscribe',
  'plan',
  'renew',
  'finalize',
  'pay',
  'tag',
  'delete',
  'second',
] as const
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({ verb: fc.constantFrom(...verbs), pick: fc.nat(20) }),
  { minLength: 8, maxLength: 30 },
)

const nth = (ids: readonly string[], pick: number): string => ids[pick % ids.length] ?? ''

const act = (account: StripeAccount, { verb, pick }: Step): void => {
  const [customers, subscriptions, invoices, charges] = (
    ['customer', 'subscription', 'invoice', 'charge'] as const
  ).map((type) => account.ids(type)) as [string[], string[], string[], string[]]
  if (verb === 'customer')
    account.create('customer', { name: `Customer ${pick}`, email: `c${pick}@example.com` })
  else if (verb === 'rename')
    account.update('customer', nth(customers, pick), { name: `Renamed ${pick % 3}` })
  else if (verb === 'subscribe')
    account.create('subscription', { customer: nth(customers, pick), metadata: { plan: 'basic' } })
  else if (verb === 'plan')
    account.update('subscription', nth(subscriptions, pick), { metadata: { plan: `plan ${pick % 3}` } })
  else if (verb === 'renew') renewSubscription(account, nth(subscriptions, pick))
  else if (verb === 'finalize') finalizeInvoice(account, nth(invoices, pick))
  else if (verb === 'pay') payInvoice(account, nth(invoices, pick))
  else if (verb === 'tag')
    account.update('charge', nth(charges, pick), { metadata: { note: `n${pick % 3}` } })
  else if (verb === 'delete') account.delete('customer', nth(customers, pick))
}

// What can't happen (paying a paid invoice, renaming nobody) does not happen.
const live = (account: StripeAccount, advance: () => void, history: readonly Step[]): void => {
  for (const step of history) {
    if (step.verb === 'second') advance()
    try {
      act(account, step)
    } catch (error) {
      if (!(error instanceof ImpossibleInStripe)) throw error
    }
  }
}

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

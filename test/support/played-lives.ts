// Played accounts whose life is drawn at random, and the ways in which their events reach the pipeline.

import { expect } from 'vitest'
import { type DeliveryOptions, handleDeliveries } from '../../src/pipeline/handle-deliveries.ts'
import type { Delivery, ReadObjects } from '../../src/ports/pipeline-store.ts'
import type { MemoryStore } from './memory-store.ts'
import { live, type Step } from './random-billing.ts'
import { deliveryOf, deliveryOptions } from './reading-pipeline.ts'
import type { EventRecord } from './stripe/event-record.ts'
import type { PlayedStripe } from './stripe/played-stripe.ts'
import type { StripeAccount } from './stripe/stripe-account.ts'

/** Deliveries of one batch. */
const batchSize = 7

/** Returns events in the batches in which they are delivered. */
export const batchesOf = (events: readonly EventRecord[]): readonly (readonly EventRecord[])[] =>
  Array.from({ length: Math.ceil(events.length / batchSize) }, (_, index) =>
    events.slice(index * batchSize, (index + 1) * batchSize),
  )

/** Handles deliveries as one batch, none of which may fail. */
export const deliver = async (deliveries: readonly Delivery[], options: DeliveryOptions): Promise<void> => {
  const { outcomes } = await handleDeliveries(deliveries, options)
  for (const [index, { failure }] of outcomes.entries())
    expect(failure, deliveries[index]?.event.type).toBeNull()
}

/** Returns a new account of a played Stripe to which these steps happened, in the minute before now. */
export const born = ({ world }: PlayedStripe, steps: readonly Step[]): StripeAccount => {
  const account = world.account(`acct_${world.linkedIds().length + 1}`)
  world.clock.set(Math.floor(Date.now() / 1000) - 60)
  live(account, steps, () => world.clock.advance(1))
  world.clock.run()
  return account
}

/**
 * Returns what payloads alone can tell of a step: no event tells of the payment that a declined charge belongs to, and
 * nothing which of a second's changes came last where one of them is an end, or of the two of a dispute that is won.
 */
export const alone = ({ verb, pick }: Step): readonly Step[] =>
  verb === 'decline'
    ? []
    : [
        { verb: 'second', pick: 0 },
        { verb, pick: verb === 'close' ? 2 * pick + 1 : pick },
      ]

/** Returns the ids of the objects that events are about. */
export const toldOf = (account: StripeAccount): ReadonlySet<unknown> =>
  new Set(account.events.map((event) => deliveryOf(event).event.object?.id))

/** Returns the delivery of an event that carries its object. */
export const asItIs = (event: EventRecord): Delivery => deliveryOf(event)

/** Delivers events batch by batch, with Stripe asked or not. */
export const deliverAll = async (
  events: readonly EventRecord[],
  { store, read, form = asItIs }: { store: MemoryStore; read: ReadObjects | null; form?: typeof asItIs },
): Promise<void> => {
  for (const batch of batchesOf(events)) await deliver(batch.map(form), deliveryOptions(store, read))
}

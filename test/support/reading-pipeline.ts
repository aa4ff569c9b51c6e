// The pipeline with Stripe at hand: events of a played account, delivered in any order, each object read first.

import { readClocks } from '../../src/clocks.ts'
import { parseStripeEvent } from '../../src/core/stripe-event.ts'
import { type DeliveryOptions, handleDeliveries } from '../../src/pipeline/handle-deliveries.ts'
import type { Delivery, EntryOutcome, PipelineStore, ReadObjects } from '../../src/ports/pipeline-store.ts'
import { clientOf, openStripe } from '../../src/sources/stripe/account-client.ts'
import { type ObjectReaderOptions, openObjectReader } from '../../src/sources/stripe/object-reader.ts'
import { StripeClock } from '../../src/sources/stripe/stripe-clock.ts'
import { type EventRecord, eventPayload } from './stripe/event-record.ts'
import type { StripeServer } from './stripe/stripe-server.ts'
import { thinEventOf } from './stripe/thin-event.ts'
import { PLATFORM_KEYS } from './stripe/world.ts'

/** Returns a reader that asks the played Stripe with the platform's test key. */
export const readerOf = (server: StripeServer, options: Partial<ObjectReaderOptions> = {}): ReadObjects => {
  const stripe = openStripe({ secretKey: PLATFORM_KEYS.test, apiBase: server.url })
  return openObjectReader({
    clientOf: async (account) => clientOf(stripe, account),
    clock: new StripeClock(readClocks),
    source: 'replay',
    livemode: false,
    patienceMs: 10_000,
    random: () => 0,
    onWaiting: () => undefined,
    signal: new AbortController().signal,
    ...options,
  })
}

/** Returns options that handle deliveries on a store without an inbox. */
export const deliveryOptions = (store: PipelineStore, readObjects: ReadObjects | null): DeliveryOptions => ({
  store,
  receive: async (deliveries) =>
    deliveries.map(({ account, event }) => ({
      rowId: `${account}:${event.id}`,
      state: { status: 'done', attempts: 0 },
      conflict: false,
    })),
  keep: async () => undefined,
  readObjects,
  source: 'replay',
  effects: 'missing',
  livemode: null,
  now: () => new Date(),
  random: () => 0.5,
  onLostCommit: () => undefined,
})

/** Returns the delivery of a recorded event, rendered at a version. */
export const deliveryOf = (event: EventRecord, apiVersion?: string): Delivery =>
  deliveryOfPayload(eventPayload(event, apiVersion === undefined ? {} : { apiVersion }))

/** Returns the delivery of the thin event that tells of the same change. */
export const thinDeliveryOf = (event: EventRecord): Delivery => deliveryOfPayload(thinEventOf(event))

const deliveryOfPayload = (payload: object): Delivery => {
  const text = JSON.stringify(payload)
  const parsed = parseStripeEvent(JSON.parse(text))
  if (!('event' in parsed)) throw new TypeError(`the played Stripe emitted no event: ${parsed.problem}`)
  return {
    account: parsed.event.account ?? 'platform',
    event: parsed.event,
    payload: Buffer.from(text),
  }
}

/** Handles events of one account as one batch and returns their outcomes. */
export const handleEvents = async (
  events: readonly EventRecord[],
  options: DeliveryOptions,
  apiVersion?: string,
): Promise<readonly EntryOutcome[]> => {
  const { outcomes } = await handleDeliveries(
    events.map((event) => deliveryOf(event, apiVersion)),
    options,
  )
  return outcomes
}

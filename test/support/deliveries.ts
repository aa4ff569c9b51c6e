// Deliveries and inbox rows out of fixtures, changed where a test needs them to be.

import type { Json, JsonObject } from '../../src/core/json.ts'
import { parseStripeEvent } from '../../src/core/stripe-event.ts'
import type { Delivery } from '../../src/ports/pipeline-store.ts'
import { loadEvent, type SnapshotEvent } from './fixture-files.ts'

/** The account that most fixtures belong to. */
export const fixtureAccount = String(loadEvent('charge.succeeded.endive').account)

/** Returns the delivery of an event in the bytes given; events that name no account go to the one given. */
export const deliveryOfText = (text: string, account: string = fixtureAccount): Delivery => {
  const value: Json = JSON.parse(text)
  const parsed = parseStripeEvent(value)
  if (!('event' in parsed)) throw new TypeError(`no event: ${parsed.problem}`)
  return { account: parsed.event.account ?? account, event: parsed.event, payload: Buffer.from(text) }
}

/** Returns the delivery of an event. */
export const deliveryOf = (event: object, account?: string): Delivery =>
  deliveryOfText(JSON.stringify(event), account)

/** Returns an event of a fixture's shape about an object of its own, in the order of `number`. */
export const numberedEvent = (
  number: number,
  { fixture = 'charge.succeeded.endive', changes = {} }: { fixture?: string; changes?: JsonObject } = {},
): SnapshotEvent => {
  const event = loadEvent(fixture)
  const [prefix] = String(event.data.object.id).split('_')
  const object = { ...event.data.object, id: `${prefix}_${number}`, invoice: null, ...changes }
  return {
    ...event,
    id: `evt_${number}`,
    created: event.created + number,
    data: { object } as SnapshotEvent['data'],
  }
}

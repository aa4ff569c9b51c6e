// Finds events that webhooks did not bring: everything that Stripe lists of an account and the inbox does not hold, not
// only what is newer than something, since one that was missed may be older than one that came.

import type { JsonObject } from '../core/json.ts'
import { parseStripeEvent, type StripeEvent } from '../core/stripe-event.ts'
import type { Delivery } from '../ports/pipeline-store.ts'

export interface MissedEventsOptions {
  readonly account: string
  /** The account's events, oldest first. */
  readonly listed: AsyncIterable<readonly JsonObject[]>
  /** Tells which some handler wants; others are left alone, since no endpoint may be meant to bring them. */
  readonly isWanted: (event: StripeEvent) => boolean
  /** Answers those of the events that the inbox does not hold. */
  readonly missing: (eventIds: readonly string[]) => Promise<ReadonlySet<string>>
  /** Stores deliveries; resolves once they are durable. */
  readonly accept: (deliveries: readonly Delivery[]) => Promise<void>
}

/** Events that are looked for, and stored, at once. */
const atOnce = 200

/** Accepts what is missing, oldest first, and returns how many that were. Rejects with what its ports reject with. */
export const acceptMissed = async (options: MissedEventsOptions): Promise<number> => {
  let found = 0
  for await (const events of options.listed) {
    const wanted = events.flatMap((listed) => wantedOf(listed, options))
    for (let start = 0; start < wanted.length; start += atOnce)
      found += await acceptSome(wanted.slice(start, start + atOnce), options)
  }
  return found
}

interface Wanted {
  readonly event: StripeEvent
  /** As Stripe lists it. */
  readonly listed: JsonObject
}

const wantedOf = (listed: JsonObject, { isWanted }: MissedEventsOptions): readonly Wanted[] => {
  const parsed = parseStripeEvent(listed)
  return 'event' in parsed && isWanted(parsed.event) ? [{ event: parsed.event, listed }] : []
}

const acceptSome = async (
  events: readonly Wanted[],
  { account, missing, accept }: MissedEventsOptions,
): Promise<number> => {
  const absent = await missing(events.map(({ event }) => event.id))
  const deliveries = events
    .filter(({ event }) => absent.has(event.id))
    .map(({ event, listed }): Delivery => ({ account, event, payload: Buffer.from(JSON.stringify(listed)) }))
  if (deliveries.length > 0) await accept(deliveries)
  return deliveries.length
}

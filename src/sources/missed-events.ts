// Finds events that webhooks did not bring: everything that Stripe lists of an account and the inbox does not hold, not
// only what is newer than something, since one that was missed may be older than one that came.

import { type JsonObject, ownString } from '../core/json.ts'
import type { Delivery } from '../ports/pipeline-store.ts'
import { parseEntry } from './parse-entry.ts'

export interface MissedEventsOptions {
  readonly account: string
  /** The account's events, oldest first. */
  readonly listed: AsyncIterable<readonly JsonObject[]>
  /** Types that some handler wants; others are left alone, since no endpoint may be meant to bring them. */
  readonly types: ReadonlySet<string>
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
    const wanted = events.filter((event) => options.types.has(ownString(event, 'type') ?? ''))
    for (let start = 0; start < wanted.length; start += atOnce)
      found += await acceptSome(wanted.slice(start, start + atOnce), options)
  }
  return found
}

const acceptSome = async (
  events: readonly JsonObject[],
  { account, missing, accept }: MissedEventsOptions,
): Promise<number> => {
  const absent = await missing(events.map((event) => ownString(event, 'id') ?? ''))
  const deliveries = events
    .filter((event) => absent.has(ownString(event, 'id') ?? ''))
    .flatMap((event): readonly Delivery[] => {
      const payload = Buffer.from(JSON.stringify(event))
      const parsed = parseEntry(payload)
      return 'event' in parsed ? [{ account, event: parsed.event, payload }] : []
    })
  if (deliveries.length > 0) await accept(deliveries)
  return deliveries.length
}

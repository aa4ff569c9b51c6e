// What an event is to the core, and what has to be read from Stripe before it is applied.

import { failureOf } from './core/inbox-row.ts'
import { type JsonObject, ownString } from './core/json.ts'
import { brokenLinkOf, isIdentified, observe } from './core/normalise.ts'
import { isObjectId } from './core/object-id.ts'
import type { Observation, ObservationSource } from './core/observation.ts'
import type { StripeEvent } from './core/stripe-event.ts'
import { BillingSyncError } from './errors.ts'
import { type ConnectionRow, eventRows, type ObjectRow, rowOf } from './handlers/registry.ts'
import type { EntryOutcome, ReadRequest } from './pipeline-store.ts'

/** An observation of an object, a hint that an object changed, news of the account itself, or nothing to handle. */
export type Meaning =
  | { readonly kind: 'observation'; readonly row: ObjectRow; readonly observation: Observation }
  | { readonly kind: 'hint'; readonly hint: NonNullable<StripeEvent['related']>; readonly created: number }
  | { readonly kind: 'connection'; readonly row: ConnectionRow; readonly event: StripeEvent }
  | { readonly kind: 'settled'; readonly said: EntryOutcome }

export interface MeaningOptions {
  readonly source: ObservationSource
  /** Events of the other mode are ignored; null takes both. */
  readonly livemode: boolean | null
}

const ignored: Meaning = { kind: 'settled', said: { outcome: 'ignored', failure: null } }

/** Returns what an event is to the core. Never throws. */
export const meaningOf = (event: StripeEvent, { livemode, source }: MeaningOptions): Meaning => {
  if (livemode !== null && event.livemode !== null && event.livemode !== livemode) return ignored
  if (event.related !== null) return { kind: 'hint', hint: event.related, created: event.created }
  const row = rowOf(event.type, event.object)
  if (row === undefined || event.object === null) return ignored
  if (!isIdentified(event.object) || event.object.object !== row.kind)
    return wrongObject(event, row, 'with an id of 1 to 255 printable characters')
  if (row.kind === 'application') return { kind: 'connection', row, event }
  // Links are looked up and become parts of ids: an operator or a list in their place is no link.
  const broken = brokenLinkOf(row.kind, event.object)
  if (broken !== null)
    return wrongObject(event, row, `whose "${broken}" is null, an id or an object with one`)
  return {
    kind: 'observation',
    row,
    observation: observe(event, event.object, { kind: row.kind, meaning: row, source }),
  }
}

const wrongObject = (event: StripeEvent, row: ObjectRow | ConnectionRow, expected: string): Meaning => {
  const error = new BillingSyncError('object_invalid', { type: event.type, kind: row.kind, expected })
  return { kind: 'settled', said: { outcome: 'failed', failure: failureOf(error) } }
}

/** Returns the objects to be read before an event is applied, its own first. */
export const requestsOf = (meaning: Meaning): readonly ReadRequest[] => {
  if (meaning.kind === 'hint') return [{ ...meaning.hint, afterSecond: meaning.created }]
  if (meaning.kind !== 'observation') return []
  const { kind, id, moment, content } = meaning.observation
  const afterSecond = Math.floor(moment / 2)
  return [{ kind, id, afterSecond }, ...(kind === 'refund' ? chargeOfRefund(content, afterSecond) : [])]
}

// A refund changes its charge, whose own event may come much later.
const chargeOfRefund = (refund: JsonObject | null, afterSecond: number): readonly ReadRequest[] => {
  const charge = ownString(refund, 'charge')
  return isObjectId(charge) ? [{ kind: 'charge', id: charge, afterSecond }] : []
}

/** The types that some handler wants. */
export const typesHandled: readonly string[] = [...eventRows.keys()]

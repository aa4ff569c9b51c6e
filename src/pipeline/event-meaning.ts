// What an event is to the core, and what has to be read from Stripe before it is applied.

import { type Connection, connectionAt, laterConnection } from '../core/connection.ts'
import { failureOf } from '../core/inbox-row.ts'
import { type JsonObject, ownString } from '../core/json.ts'
import { brokenLinkOf, isIdentified, observe } from '../core/normalise.ts'
import { isObjectId, isRetrievable } from '../core/object-id.ts'
import { momentOfEvent, type Observation, type ObservationSource } from '../core/observation.ts'
import type { RelatedObject, StripeEvent } from '../core/stripe-event.ts'
import { BillingSyncError } from '../errors.ts'
import { type ConnectionRow, eventRows, type ObjectRow, openFamily, rowOf } from '../handlers/registry.ts'
import {
  type EntryOutcome,
  type ReadRequest,
  type ReadResult,
  type Reads,
  readKey,
} from '../ports/pipeline-store.ts'

interface Observed {
  readonly kind: 'observation'
  readonly row: ObjectRow
  readonly observation: Observation
}

interface Hint {
  readonly kind: 'hint'
  readonly hint: Omit<RelatedObject, 'change'>
  readonly created: number
  /** True where it tells that an invoice was paid: what is read of the invoice can't tell that anybody said so. */
  readonly tellsPayment: boolean
  /** What it tells once Stripe says the object is gone; null unless it is about a deletion. */
  readonly tombstone: Observed | null
}

/** An observation of an object, a hint that an object changed, news of the account itself, or nothing to handle. */
export type Meaning =
  | Observed
  | Hint
  | { readonly kind: 'connection'; readonly row: ConnectionRow; readonly event: StripeEvent }
  | { readonly kind: 'settled'; readonly said: EntryOutcome }

export interface MeaningOptions {
  readonly source: ObservationSource
  /** Events of the other mode are ignored; null takes both. */
  readonly livemode: boolean | null
}

const ignored: Meaning = { kind: 'settled', said: { outcome: 'ignored', failure: null } }

/** Returns what an event is to the core. Never throws. */
export const meaningOf = (event: StripeEvent, options: MeaningOptions): Meaning => {
  const { livemode, source } = options
  if (livemode !== null && event.livemode !== null && event.livemode !== livemode) return ignored
  if (event.related !== null) return hintOf(event, event.related, options)
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

const hintOf = (event: StripeEvent, { change, ...hint }: RelatedObject, { source }: MeaningOptions): Hint => {
  const told = { kind: 'hint', hint, created: event.created } as const
  const row = change === null ? undefined : eventRows.get(change)
  if (row === undefined || row.kind === 'application' || row.kind !== hint.kind)
    return { ...told, tellsPayment: false, tombstone: null }
  if (!row.deletes) return { ...told, tellsPayment: row.tellsPayment, tombstone: null }
  const stub = { id: hint.id, object: hint.kind, deleted: true }
  const observation = observe(event, stub, { kind: row.kind, meaning: row, source })
  return { ...told, tellsPayment: false, tombstone: { kind: 'observation', row, observation } }
}

/**
 * Returns what an event is to the core once its object was read, its own result first: a hint at a deletion is the
 * deletion where Stripe, as for a product, has nothing left to show, or, as for a customer, that it is deleted.
 */
export const meaningAfter = (meaning: Meaning, [own]: readonly ReadResult[]): Meaning =>
  meaning.kind === 'hint' && own !== undefined && isGone(own) ? (meaning.tombstone ?? meaning) : meaning

// The read tells that it is deleted, but only the event tells since when.
const isGone = (own: ReadResult): boolean =>
  own.kind === 'missing' || (own.kind === 'seen' && own.observations[0]?.deletes === true)

/** Returns what was read for an event, its own object first, together with what the event itself tells of that. */
export const readsAfter = (meaning: Meaning, results: readonly ReadResult[]): readonly ReadResult[] => {
  const [own, ...others] = results
  if (meaning.kind !== 'hint' || !meaning.tellsPayment || own?.kind !== 'seen') return results
  const [object, ...relatives] = own.observations
  if (object === undefined) return results
  return [{ ...own, observations: [{ ...object, tellsPayment: true }, ...relatives] }, ...others]
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
  // Its payload is all that there is to have.
  if (!isRetrievable(id)) return []
  const afterSecond = Math.floor(moment / 2)
  return [{ kind, id, afterSecond }, ...(kind === 'refund' ? chargeOfRefund(content, afterSecond) : [])]
}

/** Returns the objects to be read once those of `requestsOf` were: what a hint is about shows only then. */
export const requestsAfter = (meaning: Meaning, reads: Reads): readonly ReadRequest[] => {
  if (meaning.kind !== 'hint' || meaning.hint.kind !== 'refund') return []
  const own = reads.get(readKey(meaning.hint))
  return own?.kind === 'seen' ? chargeOfRefund(own.observations[0]?.content ?? null, meaning.created) : []
}

// A refund changes its charge, whose own event may come much later.
const chargeOfRefund = (refund: JsonObject | null, afterSecond: number): readonly ReadRequest[] => {
  const charge = ownString(refund, 'charge')
  return isObjectId(charge) ? [{ kind: 'charge', id: charge, afterSecond }] : []
}

/** Returns whether the account lets the platform in once a batch is handled. */
export const connectionAfter = (known: Connection, meanings: readonly Meaning[]): Connection => {
  let last = known
  for (const meaning of meanings) {
    if (meaning.kind !== 'connection') continue
    last = laterConnection(last, connectionAt(meaning.row.state, momentOfEvent(meaning.event.created)))
  }
  return last
}

/** Tells whether some handler wants an event, whatever comes of it. */
export const isHandled = ({ type, object, related }: StripeEvent): boolean =>
  related !== null || rowOf(type, object) !== undefined

/** The types that some handler wants, but for those that only their object tells from others. */
export const typesHandled: readonly string[] = [...eventRows.keys()]

/** Tells whether types that begin like this may be handled although `typesHandled` has them not: Stripe may add some. */
export const mayAddTypes = (beginning: string): boolean =>
  beginning.startsWith(openFamily) || openFamily.startsWith(beginning)

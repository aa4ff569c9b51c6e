// What every source yields: this account's object looked like this, as of that time.

import type { JsonObject } from './json.ts'
import type { ObjectKind } from './object-kinds.ts'

/** Where an observation came from; also the value of `sync.source`. */
export type ObservationSource = 'webhook' | 'backfill' | 'replay'

/**
 * A moment on Stripe's clock as one integer: twice the Unix second, plus one for an event. A read (a retrieve or
 * a list page, stamped with the second it was sent) so loses to every event created in that second or later.
 */
export type Moment = number

/** Returns the moment of an event created in the given Unix second. */
export const momentOfEvent = (unixSeconds: number): Moment => unixSeconds * 2 + 1

/** Returns the moment of a read that was sent in the given Unix second. */
export const momentOfRead = (unixSeconds: number): Moment => unixSeconds * 2

/** Returns the second of a moment as a date. */
export const dateOfMoment = (moment: Moment): Date => new Date(Math.floor(moment / 2) * 1000)

/** One object of one account as some source saw it, normalised. */
export interface Observation {
  readonly kind: ObjectKind
  readonly id: string
  readonly moment: Moment
  /** Event id, or null for a read. */
  readonly eventId: string | null
  /** The account's sequence number read before a read was sent; null for an event. */
  readonly readSeq: number | null
  readonly source: ObservationSource
  readonly apiVersion: string | null
  readonly livemode: boolean | null
  /** The payload with expanded links collapsed to ids; null for a bare deletion stub. */
  readonly content: JsonObject | null
  /** Snapshots of the relatives that the payload carried expanded, by link name. */
  readonly expanded: JsonObject
  /** The event's `data.previous_attributes`, or null. */
  readonly previous: JsonObject | null
  /** True for `*.created` events: before it there was no such object. */
  readonly creates: boolean
  /** True where a deleted object is shown to live again: a `*.created` event or a single retrieve. */
  readonly revives: boolean
  /** True for a deletion event or a `deleted: true` stub. */
  readonly deletes: boolean
  /** Lifecycle rank within its second (lifecycle.ts). */
  readonly rank: number
  /** Ids of relatives that the payload names, by relation. */
  readonly links: Links
  /** True for `invoice.paid` and `invoice.payment_succeeded`. */
  readonly tellsPayment: boolean
}

/** Relations that are learnt from every observation and never unlearnt. */
export interface Links {
  readonly invoices: readonly string[]
  readonly charges: readonly string[]
  readonly subscriptions: readonly string[]
}

/** No relatives. */
export const noLinks: Links = { invoices: [], charges: [], subscriptions: [] }

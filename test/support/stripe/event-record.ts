// One event as the world keeps it. What it tells is frozen when it is made, but not yet rendered: the events API shows
// it at the account's version of that time, each webhook endpoint gets it at a version of its own.
import { type Generation, generationOf } from './api-version.ts'
import type { Hash } from './json.ts'
import { previousAttributes } from './previous-attributes.ts'
import { embedded, shapeOf, stubOf } from './shapes.ts'
import type { StoredObject } from './stored-object.ts'

/** What an event is about, for any generation of shapes. */
export interface EventSubject {
  readonly object: (generation: Generation) => Hash
  /** Former values, for the types that tell them. */
  readonly previous?: (generation: Generation) => Hash
}

export interface EventRecord {
  readonly id: string
  readonly type: string
  readonly created: number
  readonly livemode: boolean
  /** The connected account it happened in; null for the platform's own. */
  readonly account: string | null
  /** The account's default version when it happened: what the events API renders. */
  readonly apiVersion: string
  readonly request: { readonly id: string | null; readonly idempotency_key: string | null }
  readonly subject: EventSubject
  /** Whether all endpoints have answered 2xx; `deliver` keeps it. */
  delivered: boolean
}

/** Returns the event as JSON, rendered at a version; with `account` as a Connect endpoint gets it, unless told not to. */
export const eventPayload = (
  event: EventRecord,
  {
    apiVersion = event.apiVersion,
    namesAccount = true,
  }: { apiVersion?: string; namesAccount?: boolean } = {},
): Hash => {
  const generation = generationOf(apiVersion)
  const previous = event.subject.previous?.(generation)
  return {
    id: event.id,
    object: 'event',
    ...(event.account !== null && namesAccount ? { account: event.account } : {}),
    api_version: apiVersion,
    created: event.created,
    data: {
      object: event.subject.object(generation),
      ...(previous === undefined ? {} : { previous_attributes: previous }),
    },
    livemode: event.livemode,
    pending_webhooks: event.delivered ? 0 : 1,
    request: event.request,
    type: event.type,
  }
}

/** What a change of an object looked like to the outside. */
export interface SubjectFacts {
  readonly before?: StoredObject | undefined
  readonly after: StoredObject
  /** The refunds of a charge at that moment: versions before 2022-11-15 carry them unasked. */
  readonly refunds: readonly StoredObject[]
}

/** Returns what an event tells of a stored object; former values for types that Stripe tells them with. */
export const subjectOf = (type: string, { before, after, refunds }: SubjectFacts): EventSubject => {
  const shown = (state: StoredObject, generation: Generation): Hash =>
    after.type === 'charge' && generation === 'classic'
      ? {
          ...shapeOf(state, generation),
          refunds: embedded(refunds, generation, `/v1/charges/${after.id}/refunds`),
        }
      : shapeOf(state, generation)
  const object = (generation: Generation): Hash => shown(after, generation)
  if (before === undefined || !tellsFormerValues(type)) return { object }
  return {
    object,
    previous: (generation) => previousAttributes(shown(before, generation), object(generation)),
  }
}

/** Returns the subject of a deletion in its short shape. */
export const stubSubject = (object: StoredObject): EventSubject => ({ object: () => stubOf(object) })

// Recorded payloads show former values on these two besides the types named updated.
const tellsFormerValues = (type: string): boolean =>
  type.endsWith('.updated') || type === 'charge.captured' || type === 'charge.refunded'

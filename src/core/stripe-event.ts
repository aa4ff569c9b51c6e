// The envelope of a Stripe event, checked at the edge; what is inside `data.object` is judged by the handlers.
// Two families exist: snapshot events (`object: "event"`) and thin ones (`object: "v2.core.event"`), see
// https://docs.stripe.com/event-destinations#events-overview.

import { z } from 'zod'
import { isJsonObject, type Json, type JsonObject } from './json.ts'
import { isObjectId, stripeIdPattern } from './object-id.ts'
import { isObjectKind, type ObjectKind } from './object-kinds.ts'

const longestId = 255

/** The last second that a date can hold without losing its order (year 9999). */
const lastSecond = 253_402_300_799

export interface StripeEvent {
  readonly id: string
  /** Connected account, or null for an event of the platform itself. */
  readonly account: string | null
  readonly type: string
  readonly apiVersion: string | null
  /** Unix seconds. */
  readonly created: number
  readonly livemode: boolean | null
  /** `data.object`; null for a thin event, which only names its object. */
  readonly object: JsonObject | null
  /** `data.previous_attributes`; null where the event has none. */
  readonly previous: JsonObject | null
  /** The object that a thin event hints at, where it is one that is projected. */
  readonly related: RelatedObject | null
}

export interface RelatedObject {
  readonly kind: ObjectKind
  readonly id: string
  /** Type of the snapshot event that tells of the same change, such as `invoice.paid`; null where none does. */
  readonly change: string | null
}

/** A Stripe event, or why the value is none. */
export type ParsedEvent = { readonly event: StripeEvent } | { readonly problem: string }

const id = z.string().max(longestId).regex(stripeIdPattern, 'expected an id such as evt_1 or acct_1')
const jsonObject = z.custom<JsonObject>(isJsonObject, 'expected an object')

const snapshotEnvelope = z.object({
  id,
  account: id.nullish(),
  type: z.string().min(1).max(longestId),
  api_version: z.string().max(longestId).nullish(),
  created: z.number().int().min(0).max(lastSecond),
  livemode: z.boolean().nullish(),
  data: z.object({ object: jsonObject, previous_attributes: jsonObject.nullish() }),
})

const relatedObject = z.object({ id: z.string(), type: z.string() }).nullish()

const thinEnvelope = z.object({
  id,
  type: z.string().min(1).max(longestId),
  created: z.iso.datetime({ offset: true }),
  livemode: z.boolean().nullish(),
  context: z.string().nullish(),
  related_object: relatedObject,
})

/** Stripe could not make an event, and never will: https://docs.stripe.com/webhooks/handle-irrecoverable-events */
const lostEvent = 'v2.core.health.event_generation_failure.resolved'

const lostEnvelope = z.object({
  data: z.object({
    impact: z.object({
      context: z.string().nullish(),
      event_type: z.string().max(longestId),
      related_object: relatedObject,
    }),
  }),
})

/** Returns the event that a JSON value is, or the problem: which field, what was expected. Never throws. */
export const parseStripeEvent = (value: Json): ParsedEvent => {
  if (!isJsonObject(value)) return { problem: `expected a Stripe event object, got ${nameOfType(value)}` }
  if (value.object === 'v2.core.event') return parseThin(value)
  if (value.object !== 'event') return { problem: `expected "object": "event", got ${nameOfObject(value)}` }
  if (isPlainSnapshot(value)) return { event: snapshotOf(value) }
  const parsed = snapshotEnvelope.safeParse(value)
  return parsed.success ? { event: snapshotOf(parsed.data) } : { problem: firstProblem(parsed.error) }
}

type Snapshot = z.infer<typeof snapshotEnvelope>

// What nearly every event is, told in a tenth of the time that the schema takes (measured). Takes nothing that the
// schema refuses; what it does not take is left to the schema, which says why.
const isPlainSnapshot = (value: JsonObject): value is JsonObject & Snapshot => {
  const { id, account, type, api_version: version, created, livemode, data } = value
  return (
    isPlainId(id) &&
    (account == null || isPlainId(account)) &&
    typeof type === 'string' &&
    type.length > 0 &&
    type.length <= longestId &&
    (version == null || (typeof version === 'string' && version.length <= longestId)) &&
    typeof created === 'number' &&
    Number.isInteger(created) &&
    created >= 0 &&
    created <= lastSecond &&
    (livemode == null || typeof livemode === 'boolean') &&
    isJsonObject(data) &&
    isJsonObject(data.object) &&
    (data.previous_attributes == null || isJsonObject(data.previous_attributes))
  )
}

const isPlainId = (value: Json | undefined): boolean =>
  typeof value === 'string' && value.length <= longestId && stripeIdPattern.test(value)

const snapshotOf = (snapshot: Snapshot): StripeEvent => ({
  id: snapshot.id,
  type: snapshot.type,
  created: snapshot.created,
  account: snapshot.account ?? null,
  apiVersion: snapshot.api_version ?? null,
  livemode: snapshot.livemode ?? null,
  object: snapshot.data.object,
  previous: snapshot.data.previous_attributes ?? null,
  related: null,
})

const parseThin = (value: JsonObject): ParsedEvent => {
  const parsed = thinEnvelope.safeParse(value)
  if (!parsed.success) return { problem: firstProblem(parsed.error) }
  const told = parsed.data.type === lostEvent ? lostIn(value) : hintIn(parsed.data)
  // A context is a path such as `acct_platform/acct_child`; the last segment is the account the event is about.
  const account = (told.context ?? parsed.data.context)?.split('/').at(-1) ?? null
  if (account !== null && !stripeIdPattern.test(account))
    return { problem: 'context: expected an account id' }
  return {
    event: {
      id: parsed.data.id,
      account,
      type: parsed.data.type,
      apiVersion: null,
      created: Math.floor(Date.parse(parsed.data.created) / 1000),
      livemode: parsed.data.livemode ?? null,
      object: null,
      previous: null,
      related: relatedOf(told),
    },
  }
}

/** What a thin event tells of, and for whom. */
interface Hinted {
  readonly object: z.infer<typeof relatedObject>
  readonly change: string | null
  readonly context: string | null | undefined
}

const thinPrefix = 'v1.'

const hintIn = ({ type, context, related_object: object }: z.infer<typeof thinEnvelope>): Hinted => ({
  ...{ object, context },
  change: type.startsWith(thinPrefix) ? type.slice(thinPrefix.length) : null,
})

// The event that is lost was about this object: whoever reads it again has missed nothing.
const lostIn = (value: JsonObject): Hinted => {
  const { data: { data } = {} } = lostEnvelope.safeParse(value)
  const { context, event_type: change = null, related_object: object } = data?.impact ?? {}
  return { object, change, context }
}

const relatedOf = ({ object, change }: Hinted): RelatedObject | null =>
  object != null && isObjectKind(object.type) && isObjectId(object.id)
    ? { kind: object.type, id: object.id, change }
    : null

const firstProblem = (error: z.ZodError): string => {
  const [issue] = error.issues
  return issue === undefined ? 'not a Stripe event' : `${issue.path.join('.')}: ${issue.message}`
}

const nameOfType = (value: Json): string =>
  value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`

/** The words of Stripe's own `object` fields; anything else is a stranger's and not worth quoting. */
const objectName = /^[\w.]{1,40}$/

const nameOfObject = (value: JsonObject): string => {
  if (typeof value.object !== 'string') return 'none'
  return objectName.test(value.object) ? `"${value.object}"` : 'another text'
}

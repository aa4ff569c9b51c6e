// The envelope of a Stripe event, checked at the edge; what is inside `data.object` is judged by the handlers.
// Two families exist: snapshot events (`object: "event"`) and thin ones (`object: "v2.core.event"`), see
// https://docs.stripe.com/event-destinations#events-overview.

import * as v from 'valibot'
import { isWholeIsoInstant } from './iso-time.ts'
import { isJsonObject, type Json, type JsonObject } from './json.ts'
import { type Words, wordsOfLack } from './lacking-key.ts'
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

/** Says what a field must be and the kind of value that came, never the value: valibot's own words would quote it. */
const notA =
  (expected: string): Words =>
  ({ input }) =>
    `expected ${expected}, got ${nameOfType(input)}`

const text = v.string(notA('a string'))
const shortText = v.pipe(text, v.maxCodePoints(longestId, `expected at most ${longestId} characters`))
const id = v.pipe(shortText, v.regex(stripeIdPattern, 'expected an id such as evt_1 or acct_1'))
const type = v.pipe(shortText, v.nonEmpty('expected a type such as invoice.paid, got an empty one'))
const flag = v.boolean(notA('true or false'))
const noSecond = `expected a whole number of seconds from 0 to ${lastSecond}`
const second = v.pipe(
  v.number(noSecond),
  v.integer(noSecond),
  v.minValue(0, noSecond),
  v.maxValue(lastSecond, noSecond),
)
const instant = v.pipe(text, v.check(isWholeIsoInstant, 'expected an instant such as 2026-01-31T12:00:00Z'))
const jsonObject = v.custom<JsonObject>(isJsonObject, 'expected an object')

/** An object, whose other keys are left out; valibot's own takes a list for one. */
const object = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(
    v.custom<Record<string, unknown>>(isJsonObject, notA('an object')),
    v.object(entries, wordsOfLack(entries)),
  )

const snapshotEnvelope = object({
  id,
  account: v.nullish(id),
  type,
  api_version: v.nullish(shortText),
  created: second,
  livemode: v.nullish(flag),
  data: object({ object: jsonObject, previous_attributes: v.nullish(jsonObject) }),
})

const relatedObject = v.nullish(object({ id: text, type: text }))

const thinEnvelope = object({
  id,
  type,
  created: instant,
  livemode: v.nullish(flag),
  context: v.nullish(text),
  related_object: relatedObject,
})

/** Stripe could not make an event, and never will: https://docs.stripe.com/webhooks/handle-irrecoverable-events */
const lostEvent = 'v2.core.health.event_generation_failure.resolved'

const lostEnvelope = object({
  data: object({
    impact: object({ context: v.nullish(text), event_type: shortText, related_object: relatedObject }),
  }),
})

/** Returns the event that a JSON value is, or the problem: which field, what was expected. Never throws. */
export const parseStripeEvent = (value: Json): ParsedEvent => {
  if (!isJsonObject(value)) return { problem: `expected a Stripe event object, got ${nameOfType(value)}` }
  if (value.object === 'v2.core.event') return parseThin(value)
  if (value.object !== 'event') return { problem: `expected "object": "event", got ${nameOfObject(value)}` }
  if (isPlainSnapshot(value)) return { event: snapshotOf(value) }
  const parsed = v.safeParse(snapshotEnvelope, value, { abortEarly: true })
  return parsed.success ? { event: snapshotOf(parsed.output) } : { problem: problemOf(parsed.issues[0]) }
}

type Snapshot = v.InferOutput<typeof snapshotEnvelope>

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
  const { success, output: envelope, issues } = v.safeParse(thinEnvelope, value, { abortEarly: true })
  if (!success) return { problem: problemOf(issues[0]) }
  const told = envelope.type === lostEvent ? lostIn(value) : hintIn(envelope)
  // A context is a path such as `acct_platform/acct_child`; the last segment is the account the event is about.
  const account = (told.context ?? envelope.context)?.split('/').at(-1) ?? null
  if (account !== null && !stripeIdPattern.test(account))
    return { problem: 'context: expected an account id' }
  return {
    event: {
      id: envelope.id,
      account,
      type: envelope.type,
      apiVersion: null,
      created: Math.floor(Date.parse(envelope.created) / 1000),
      livemode: envelope.livemode ?? null,
      object: null,
      previous: null,
      related: relatedOf(told),
    },
  }
}

/** What a thin event tells of, and for whom. */
interface Hinted {
  readonly object: v.InferOutput<typeof relatedObject>
  readonly change: string | null
  readonly context: string | null | undefined
}

const thinPrefix = 'v1.'

const hintIn = ({ type, context, related_object: object }: v.InferOutput<typeof thinEnvelope>): Hinted => ({
  ...{ object, context },
  change: type.startsWith(thinPrefix) ? type.slice(thinPrefix.length) : null,
})

// The event that is lost was about this object: whoever reads it again has missed nothing.
const lostIn = (value: JsonObject): Hinted => {
  const { success, output } = v.safeParse(lostEnvelope, value, { abortEarly: true })
  const { context, event_type: change = null, related_object: object } = success ? output.data.impact : {}
  return { object, change, context }
}

const relatedOf = ({ object, change }: Hinted): RelatedObject | null =>
  object != null && isObjectKind(object.type) && isObjectId(object.id)
    ? { kind: object.type, id: object.id, change }
    : null

const problemOf = (issue: v.BaseIssue<unknown>): string => `${v.getDotPath(issue)}: ${issue.message}`

const nameOfType = (value: unknown): string => {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** The words of Stripe's own `object` fields; anything else is a stranger's and not worth quoting. */
const objectName = /^[\w.]{1,40}$/

const nameOfObject = (value: JsonObject): string => {
  if (typeof value.object !== 'string') return 'none'
  return objectName.test(value.object) ? `"${value.object}"` : 'another text'
}

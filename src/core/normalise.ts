// From an event to an observation: the two generations of API shapes, expanded relatives and both shapes of
// deletion become one form here, and nothing after this asks which of them came in. What MongoDB can't hold as it is has
// its escapes from here on: nothing after this asks whether content came just now or was stored.

import { withEscapes } from './escapes.ts'
import { isJsonObject, type Json, type JsonObject, own, ownObject, ownString, without } from './json.ts'
import { lifecycleRank } from './lifecycle.ts'
import { isObjectId } from './object-id.ts'
import { type ObjectKind, objectKinds } from './object-kinds.ts'
import {
  type Links,
  momentOfEvent,
  momentOfRead,
  noLinks,
  type Observation,
  type ObservationSource,
} from './observation.ts'
import type { StripeEvent } from './stripe-event.ts'

/** What the table of events says of a type. */
export interface EventMeaning {
  readonly creates: boolean
  readonly deletes: boolean
  /** True for the last event of an object that Stripe keeps: nothing of its second comes after it. */
  readonly ends: boolean
  readonly tellsPayment: boolean
}

/**
 * Returns the observation that an event makes of an object it carries.
 * @param object `data.object`, or a relative carried inside it
 */
export const observe = (
  event: StripeEvent,
  object: JsonObject & { readonly id: string },
  context: { readonly kind: ObjectKind; readonly meaning: EventMeaning; readonly source: ObservationSource },
): Observation => {
  const { kind, meaning } = context
  const deletes = meaning.deletes || own(object, 'deleted') === true
  const { content, expanded } = contentIn(kind, object)
  return {
    kind,
    id: object.id,
    moment: momentOfEvent(event.created),
    eventId: event.id,
    readSeq: null,
    source: context.source,
    apiVersion: event.apiVersion,
    livemode: event.livemode,
    content,
    expanded,
    previous: event.previous === null ? null : withEscapes(event.previous),
    creates: meaning.creates,
    revives: meaning.creates,
    deletes,
    rank: lifecycleRank(kind, content, { creates: meaning.creates, deletes: deletes || meaning.ends }),
    links: content === null ? noLinks : linksOf(kind, content),
    tellsPayment: meaning.tellsPayment,
  }
}

/** A retrieve or a list page: when it was sent, and at which of the account's commits. */
export interface ReadStamp {
  /** Second on Stripe's clock, never later than the true one. */
  readonly unixSeconds: number
  /** The account's sequence number, read before the request. */
  readonly seq: number
  readonly apiVersion: string
  readonly livemode: boolean | null
  readonly source: ObservationSource
  /** True for a retrieve: it shows that a deleted object lives again. A list page never does. */
  readonly single: boolean
}

/** Returns the observation that a read makes; a `deleted: true` stub is a deletion, a live object revives it. */
export const observeRead = (
  kind: ObjectKind,
  object: JsonObject & { readonly id: string },
  stamp: ReadStamp,
): Observation => {
  const deletes = own(object, 'deleted') === true
  const { content, expanded } = contentIn(kind, object)
  return {
    kind,
    id: object.id,
    moment: momentOfRead(stamp.unixSeconds),
    eventId: null,
    readSeq: stamp.seq,
    source: stamp.source,
    apiVersion: stamp.apiVersion,
    livemode: stamp.livemode,
    content,
    expanded,
    previous: null,
    creates: false,
    revives: !deletes && stamp.single,
    deletes,
    rank: 0,
    links: content === null ? noLinks : linksOf(kind, content),
    tellsPayment: false,
  }
}

/** Returns the observation of a relative that an observed object carries whole, such as a charge's refunds, its escapes made. */
export const observeCarried = (
  seen: Observation,
  kind: ObjectKind,
  object: JsonObject & { readonly id: string },
): Observation => {
  const { content, expanded } = collapse(kind, object)
  return {
    ...seen,
    kind,
    id: object.id,
    content,
    expanded,
    previous: null,
    creates: false,
    revives: false,
    deletes: false,
    rank: lifecycleRank(kind, content, { creates: false, deletes: false }),
    links: linksOf(kind, content),
    tellsPayment: false,
  }
}

/** Returns what a read object shows of its customer: that it is deleted, which no list of customers tells. */
export const observeGoneCustomer = (object: JsonObject, stamp: ReadStamp): readonly Observation[] => {
  const customer = own(object, 'customer')
  if (!isIdentified(customer) || own(customer, 'deleted') !== true) return []
  return [observeRead('customer', { id: customer.id, object: 'customer', deleted: true }, stamp)]
}

/** Tells whether a JSON value is an object that can be projected: a hash with a usable id. */
export const isIdentified = (value: Json | undefined): value is JsonObject & { readonly id: string } =>
  isJsonObject(value) && isObjectId(own(value, 'id'))

/** Returns the first link of an object that is neither null, nor an id, nor an expanded object with one. */
export const brokenLinkOf = (kind: ObjectKind, object: JsonObject): string | null => {
  const broken = linkPathsOf(kind).find((path) => !isLink(linkAt(object, path)))
  return broken === undefined ? null : textOf(broken)
}

/** The name of a field, and where in its value the link is: null where it is the value itself. */
interface LinkPath {
  readonly name: string
  readonly rest: LinkPath | null
}

const linkPathOf = ([name = '', ...rest]: readonly string[]): LinkPath => ({
  name,
  rest: rest.length === 0 ? null : linkPathOf(rest),
})

const textOf = ({ name, rest }: LinkPath): string => (rest === null ? name : `${name}.${textOf(rest)}`)

// Taken apart once, not with every event.
const linkPaths: ReadonlyMap<string, readonly LinkPath[]> = new Map(
  Object.entries(objectKinds).map(([kind, { links }]) => [
    kind,
    links.map((path) => linkPathOf(path.split('.'))),
  ]),
)

const linkPathsOf = (kind: ObjectKind): readonly LinkPath[] => linkPaths.get(kind) ?? []

const linkAt = (object: JsonObject | null, { name, rest }: LinkPath): Json | undefined =>
  rest === null ? own(object, name) : linkAt(ownObject(object, name), rest)

const isLink = (link: Json | undefined): boolean => link == null || isObjectId(idOf(link))

// A deletion's short shape: `{id, object, deleted: true}` and nothing else that would be content.
const stubKeys = new Set(['id', 'object', 'deleted'])
const isStub = (object: JsonObject): boolean =>
  own(object, 'deleted') === true && Object.keys(object).every((key) => stubKeys.has(key))

const contentIn = (
  kind: ObjectKind,
  object: JsonObject,
): { readonly content: JsonObject | null; readonly expanded: JsonObject } =>
  isStub(object) ? { content: null, expanded: {} } : collapse(kind, withEscapes(object))

// Links become ids wherever they were expanded; what they showed is kept apart, by the link's name.
const collapse = (kind: ObjectKind, object: JsonObject): { content: JsonObject; expanded: JsonObject } => {
  const expanded: Record<string, Json> = {}
  const { snapshots } = objectKinds[kind]
  const content = collapseLinks(without(object, notContent), linkPathsOf(kind), expanded)
  for (const name of snapshots) {
    const value = own(content, name)
    if (value !== undefined) expanded[name] = value
  }
  return { content: snapshots.length === 0 ? content : without(content, new Set(snapshots)), expanded }
}

const notContent: ReadonlySet<string> = new Set(['deleted'])

// One copy for all links of an object, and none where all of them are ids.
const collapseLinks = (
  object: JsonObject,
  paths: readonly LinkPath[],
  expanded: Record<string, Json>,
): JsonObject => {
  const collapsed: Record<string, Json> = {}
  let isCollapsed = false
  for (const { name, rest } of paths) {
    const value = own(collapsed, name) ?? own(object, name)
    if (!isJsonObject(value)) continue
    if (rest === null) expanded[name] = value
    const link = rest === null ? ownString(value, 'id') : collapseLinks(value, [rest], expanded)
    if (link === value) continue
    collapsed[name] = link
    isCollapsed = true
  }
  return isCollapsed ? { ...object, ...collapsed } : object
}

const linksOf = (kind: ObjectKind, content: JsonObject): Links => {
  if (kind === 'charge') return { ...noLinks, invoices: ids(own(content, 'invoice')) }
  if (kind === 'invoice') {
    return { ...noLinks, charges: ids(own(content, 'charge')), subscriptions: ids(subscriptionOf(content)) }
  }
  return noLinks
}

const subscriptionOf = (invoice: JsonObject): Json | undefined =>
  ownString(invoice, 'subscription') ??
  idOf(own(ownObject(ownObject(invoice, 'parent'), 'subscription_details'), 'subscription'))

const idOf = (link: Json | undefined): Json | undefined => (isJsonObject(link) ? own(link, 'id') : link)

const ids = (link: Json | undefined): readonly string[] => (isObjectId(link) ? [link] : [])

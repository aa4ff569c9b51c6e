import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export type Json = null | boolean | number | string | Json[] | JsonObject
export interface JsonObject {
  [key: string]: Json
}

/** An event as Stripe's webhooks and `GET /v1/events` send it, rendered in `api_version`. */
export interface SnapshotEvent {
  id: string
  object: 'event'
  /** The connected account; absent on the platform's own events. */
  account?: string
  api_version: string
  context?: string
  created: number
  data: { object: JsonObject; previous_attributes?: JsonObject }
  livemode: boolean
  pending_webhooks: number
  request: { id: string | null; idempotency_key: string | null } | null
  type: string
}

/** A thin event: it names an object and carries none. */
export interface ThinEvent {
  id: string
  object: 'v2.core.event'
  type: string
  created: string
  livemode: boolean
  context?: string
  related_object: { id: string; type: string; url: string }
  snapshot_event?: string
}

/** The folder that holds `<event type>[.<case>][.acacia|.endive].json` and `story.json`. */
export const fixtureFolder = fileURLToPath(new URL('../../fixtures/', import.meta.url))

/** Names every fixture file of one event, without `.json`, in name order; the story is not among them. */
export const fixtureNames = (): string[] =>
  readdirSync(fixtureFolder)
    .filter((file) => file.endsWith('.json') && file !== 'story.json')
    .map((file) => file.slice(0, -'.json'.length))
    .sort()

/** Reads a fixture file as it lies on disk; `name` is without `.json`. */
export const fixtureText = (name: string): string => readFileSync(`${fixtureFolder}${name}.json`, 'utf8')

/** Parses a fixture of either family; every call gives a fresh object. */
export const loadFixture = (name: string): SnapshotEvent | ThinEvent => JSON.parse(fixtureText(name))

/** Parses the fixture of a snapshot event; throws for a thin one. */
export const loadEvent = (name: string): SnapshotEvent => {
  const event = loadFixture(name)
  if (event.object !== 'event') throw new TypeError(`${name}.json is a thin event; use loadFixture`)
  return event
}

/** Parses the story: two accounts, three months, in order of creation. */
export const loadStory = (): SnapshotEvent[] => {
  const list: { data: SnapshotEvent[] } = JSON.parse(fixtureText('story'))
  return list.data
}

/** Parses every snapshot event of all fixture files, the story's included. */
export const loadSnapshotEvents = (): SnapshotEvent[] => [
  ...fixtureNames()
    .map(loadFixture)
    .filter((event) => event.object === 'event'),
  ...loadStory(),
]

/** Tells a JSON object from lists and plain values. */
export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Gives the object that a field holds, or an empty one. */
export const objectOf = (value: Json | undefined): JsonObject => (isObject(value) ? value : {})

/** Gives the entries of a Stripe list, as `invoice.lines` or `subscription.items`. */
export const entriesOf = (list: Json | undefined): JsonObject[] => {
  const { data } = objectOf(list)
  return Array.isArray(data) ? data.filter(isObject) : []
}

/** Finds every Stripe object in a payload, itself included: lines, items, prices, refunds. */
export const objectsWithin = (value: Json): JsonObject[] => {
  if (Array.isArray(value)) return value.flatMap(objectsWithin)
  if (!isObject(value)) return []
  const nested = Object.entries(value).flatMap(([key, child]) =>
    key === 'metadata' ? [] : objectsWithin(child),
  )
  return typeof value.object === 'string' ? [value, ...nested] : nested
}

// The stories that the bench tells: each customer of the fixtures' story with everything that happened to it, told
// with the updates between that real accounts see, so that an object has about four events.

import {
  entriesOf,
  type JsonObject,
  loadStory,
  objectOf,
  type SnapshotEvent,
} from '../support/fixture-files.ts'

/** One customer's events in order of creation, in one API generation. */
export type Story = readonly SnapshotEvent[]

/** Returns the stories of the older API generation and those of the newer. */
export const loadStories = (): readonly [readonly Story[], readonly Story[]] => {
  const events = loadStory()
  const stories = events
    .filter(({ type }) => type === 'customer.created')
    .map(({ data }) => storyOf(String(data.object.id), events))
    .filter((story) => story.some(({ type }) => type === 'invoice.paid'))
  const newer = stories.filter((story) => story.every(isNewer))
  return [stories.filter((story) => !newer.includes(story)), newer]
}

const isNewer = (event: SnapshotEvent): boolean => event.api_version >= '2025-03-31'

const storyOf = (customer: string, events: readonly SnapshotEvent[]): Story => {
  const named = new Set([customer])
  for (const { data } of events) if (data.object.customer === customer) named.add(String(data.object.id))
  return events
    .filter(({ data }) => named.has(String(data.object.id)) || named.has(String(data.object.invoice)))
    .flatMap(tellMore)
}

/** What follows an event of a type, and how many seconds later. */
const sequels: Readonly<Record<string, readonly (readonly [string, number])[]>> = {
  'customer.created': [
    ['customer.updated', 40],
    ['customer.updated', 86_000],
  ],
  'invoice.created': [['invoice.updated', 20]],
  'charge.succeeded': [
    ['charge.updated', 1],
    ['charge.updated', 4_000],
  ],
}

const tellMore = (event: SnapshotEvent): readonly SnapshotEvent[] => {
  const enriched = { ...event, data: { ...event.data, object: enrich(event.data.object, isNewer(event)) } }
  return [
    enriched,
    ...(sequels[event.type] ?? []).map(([type, delay], index) => update(enriched, { type, delay, index })),
  ]
}

const update = (
  event: SnapshotEvent,
  { type, delay, index }: { readonly type: string; readonly delay: number; readonly index: number },
): SnapshotEvent => {
  const metadata = { ...objectOf(event.data.object.metadata), revision: String(index + 1) }
  const before = index === 0 ? null : String(index)
  return {
    ...event,
    id: `${event.id}u${index}`,
    type,
    created: event.created + delay,
    data: {
      object: { ...event.data.object, metadata },
      previous_attributes: { metadata: { revision: before } },
    },
  }
}

// The fixtures are as lean as Stripe's examples; platforms keep keys of their own in metadata and have invoices of
// several lines (the older generation's lines are three times as long, so one is enough there).
const enrich = (object: JsonObject, newer: boolean): JsonObject => {
  if (object.object === 'customer')
    return { ...object, metadata: { ...objectOf(object.metadata), ...crmKeys } }
  const lines = entriesOf(object.lines)
  const [line] = lines
  if (object.object !== 'invoice' || line === undefined || !newer) return object
  const second = { ...line, id: `${String(line.id)}second`, description: 'Additional seats, prorated' }
  return {
    ...object,
    lines: { ...objectOf(object.lines), data: [...lines, second], total_count: lines.length + 1 },
  }
}

const crmKeys: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'segment',
    'owner',
    'region',
    'plan_interest',
    'source',
    'campaign',
    'referrer',
    'onboarding',
    'tax_note',
  ].map((name, index) => [
    `crm_${name}`,
    `${name} of this customer as the sales desk keeps it, entry ${index}`,
  ]),
)

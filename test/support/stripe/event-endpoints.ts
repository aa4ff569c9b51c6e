// The events API: what happened in one account and mode in the last 30 days, as it was rendered when it happened.
import { badParameter, noSuch } from './api-error.ts'
import type { Call } from './call.ts'
import { type EventRecord, eventPayload } from './event-record.ts'
import { joinedList, refuseOtherThan } from './object-endpoints.ts'
import { pageOf, pageRequestOf } from './page.ts'
import { booleanParam, textParam, textsParam } from './param-checks.ts'
import type { Params } from './query-string.ts'

const DAYS_KEPT = 30
const SECONDS_KEPT = DAYS_KEPT * 86_400
const MAX_TYPES = 20

/** Answers a page of events; thin events are never among them. */
export const listEvents = (call: Call): string => {
  refuseOtherThan(call, [
    ...['limit', 'starting_after', 'ending_before', 'expand'],
    ...['created', 'type', 'types', 'delivery_success'],
  ])
  const { params, path, state } = call
  const isKept = keptEvents(call)
  const isAsked = askedEvents(params)
  const page = pageOf(
    {
      oldestFirst: state.events.oldestFirst,
      matches: (event) => isKept(event) && isAsked(event),
      find: (id) => keptEvent(call, id),
      noun: 'event',
    },
    pageRequestOf(params),
  )
  return joinedList(page.data.map(eventJson), page.hasMore, path)
}

/** Answers one event; throws ApiError 404 once it is older than 30 days. */
export const retrieveEvent = (call: Call, id: string): string => {
  refuseOtherThan(call, ['expand'])
  const event = keptEvent(call, id)
  if (event === undefined) throw noSuch('event', id)
  return eventJson(event)
}

const eventJson = (event: EventRecord): string => JSON.stringify(eventPayload(event))

const keptEvents = ({ world }: Call): ((event: EventRecord) => boolean) => {
  const oldest = world.clock.now() - SECONDS_KEPT
  return (event) => event.created >= oldest
}

const keptEvent = (call: Call, id: string): EventRecord | undefined => {
  const event = call.state.eventsById.get(id)
  return event !== undefined && keptEvents(call)(event) ? event : undefined
}

const askedEvents = ({ type, types, delivery_success }: Params): ((event: EventRecord) => boolean) => {
  if (type !== undefined && types !== undefined) {
    throw badParameter('types', 'You may not specify both type and types.')
  }
  const isOfType = type === undefined ? () => true : matcherOf(textParam('type', type))
  const asked = types === undefined ? null : textsParam('types', types)
  if (asked !== null && asked.length > MAX_TYPES) {
    throw badParameter('types', `You may specify at most ${MAX_TYPES} types.`)
  }
  const delivered = delivery_success === undefined ? null : booleanParam('delivery_success', delivery_success)
  return (event) =>
    isOfType(event.type) &&
    (asked === null || asked.includes(event.type)) &&
    (delivered === null || event.delivered === delivered)
}

/** A type may end in `*`. */
const matcherOf = (type: string): ((text: string) => boolean) =>
  type.endsWith('*') ? (text) => text.startsWith(type.slice(0, -1)) : (text) => text === type

// Thin notifications: what a destination gets that was set up for the newer family of events. They are no snapshots and
// never in the events API of v1.
import { type EventRecord, eventPayload } from './event-record.ts'
import { type Hash, hashAt, textAt } from './json.ts'
import { OBJECT_TYPES, type ObjectType, rowOf } from './object-types.ts'

/** Returns the thin twin of an event: the object's id and URL, no data, a time in words. */
export const thinEventOf = (event: EventRecord, id = `evt_thin_${event.id.slice(4)}`): Hash => {
  const object = hashAt(eventPayload(event), 'data.object')
  const objectId = textAt(object, 'id') ?? ''
  const type = textAt(object, 'object') ?? ''
  return {
    id,
    object: 'v2.core.event',
    ...(event.account === null ? {} : { context: event.account }),
    created: new Date(event.created * 1_000).toISOString(),
    livemode: event.livemode,
    reason: null,
    related_object: { id: objectId, type, url: `${pathOf(type)}/${objectId}` },
    snapshot_event: event.id,
    type: `v1.${event.type}`,
  }
}

const pathOf = (type: string): string =>
  isObjectType(type) ? (rowOf(type).path ?? `/v1/${type}s`) : `/v1/${type}s`

const isObjectType = (type: string): type is ObjectType => Object.hasOwn(OBJECT_TYPES, type)

// What one account holds in one mode: a table per type of object, and the events. Live and test mode share nothing.
import type { EventRecord } from './event-record.ts'
import { ObjectTable } from './object-table.ts'
import { type ObjectType, objectTypes } from './object-types.ts'
import { Shelf } from './shelf.ts'
import type { StoredObject } from './stored-object.ts'

export type Mode = 'live' | 'test'

export class ModeState {
  readonly events = new Shelf<EventRecord>()
  readonly eventsById = new Map<string, EventRecord>()
  readonly #tables: ReadonlyMap<ObjectType, ObjectTable>
  #revision = 0

  constructor() {
    this.#tables = new Map(objectTypes.map((type) => [type, new ObjectTable(type)]))
  }

  /** Counts changes of any object: JSON with expanded relatives is sound only for the revision it was made at. */
  get revision(): number {
    return this.#revision
  }

  table(type: ObjectType): ObjectTable {
    const table = this.#tables.get(type)
    if (table === undefined) throw new TypeError(`no table of ${type}`)
    return table
  }

  find(type: ObjectType, id: string): StoredObject | undefined {
    return this.table(type).get(id)
  }

  put(object: StoredObject): void {
    this.#revision += 1
    this.table(object.type).put(object)
  }

  drop(object: StoredObject): void {
    this.#revision += 1
    this.table(object.type).drop(object)
  }

  record(event: EventRecord): void {
    this.events.insert(event)
    this.eventsById.set(event.id, event)
  }
}

// One collection as a batch sees it: what the database holds, with what the batch has put laid over it. Guarantee:
// every finder answers database ∪ what was put − what was changed, so that two events of one batch see each
// other's work. An overlay lives for one attempt of one batch; kept longer it would overwrite other writers.

import DataLoader from 'dataloader'

/** A field by which entities are looked up, other than their id. */
export interface Finder<Entity> {
  readonly name: string
  /** Values under which the entity is found now. */
  readonly valuesOf: (entity: Entity) => readonly string[]
  /** Where the database holds more than these, a batch can't take them all: see `isCut`. */
  readonly most?: number
}

/** How an overlay reads the database; both answer with entities of one account only. */
export interface OverlaySource<Entity> {
  readonly byIds: (ids: readonly string[]) => Promise<readonly Entity[]>
  readonly byValues: (finder: string, values: readonly string[]) => Promise<readonly Entity[]>
}

/** One entity as it was loaded and as it is now. */
export interface Slot<Entity> {
  readonly id: string
  /** Null where the database holds none. */
  readonly before: Entity | null
  now: Entity | null
}

/** What one finder has found so far: of each value that was asked for, all that the database holds. */
interface FinderIndex<Entity> {
  readonly valuesOf: Finder<Entity>['valuesOf']
  readonly asked: Set<string>
  readonly cut: Set<string>
  /** Ids of all that was ever found under a value. */
  readonly ids: Map<string, Set<string>>
  readonly loader: DataLoader<string, null>
}

/** Told of every put, so that a savepoint can take it back. */
export type PutListener = (undo: { readonly slot: Slot<unknown>; readonly previous: unknown }) => void

export class Overlay<Entity> {
  readonly #slots = new Map<string, Slot<Entity>>()
  readonly #idOf: (entity: Entity) => string
  readonly #byId: DataLoader<string, null>
  readonly #indexes: ReadonlyMap<string, FinderIndex<Entity>>
  readonly #onPut: PutListener

  constructor(options: {
    readonly idOf: (entity: Entity) => string
    readonly finders: readonly Finder<Entity>[]
    readonly source: OverlaySource<Entity>
    readonly onPut: PutListener
  }) {
    this.#idOf = options.idOf
    this.#onPut = options.onPut
    const { source } = options
    // What is asked for in one turn is read at once; what was asked for before is not asked again.
    this.#byId = new DataLoader(async (ids) => this.#acceptIds(ids, await source.byIds(ids)), loaderOptions)
    this.#indexes = new Map(options.finders.map((finder) => [finder.name, this.#indexOf(finder, source)]))
  }

  /** Returns the entity, or null where there is none. */
  async get(id: string): Promise<Entity | null> {
    if (!this.#slots.has(id)) await this.load([id])
    return this.#slots.get(id)?.now ?? null
  }

  /** Returns those of the entities that exist. */
  async getAll(ids: readonly string[]): Promise<readonly Entity[]> {
    await this.load(ids)
    return ids.map((id) => this.#slots.get(id)?.now ?? null).filter((entity) => entity !== null)
  }

  /** Returns every entity that the finder finds under the value, sorted by id. */
  async findBy(finder: string, value: string): Promise<readonly Entity[]> {
    const index = this.#indexes.get(finder)
    if (index === undefined) return []
    if (!index.asked.has(value)) {
      await index.loader.load(value)
      index.asked.add(value)
    }
    const found: Entity[] = []
    for (const id of sorted(index.ids.get(value))) {
      const entity = this.#slots.get(id)?.now ?? null
      if (entity !== null && index.valuesOf(entity).includes(value)) found.push(entity)
    }
    return found
  }

  /** Tells whether the database holds more than `findBy` could load. */
  isCut(finder: string, value: string): boolean {
    return this.#indexes.get(finder)?.cut.has(value) === true
  }

  /** Replaces the entity for the rest of the batch. */
  put(entity: Entity): void {
    const id = this.#idOf(entity)
    const slot = this.#slots.get(id) ?? { id, before: null, now: null }
    this.#slots.set(id, slot)
    this.#onPut({ slot, previous: slot.now })
    slot.now = entity
    this.#addToIndex(id, entity)
  }

  /** Loads entities that later calls will ask for. */
  async load(ids: readonly string[]): Promise<void> {
    const missing = ids.filter((id) => !this.#slots.has(id))
    if (missing.length > 0) await Promise.all(missing.map((id) => this.#byId.load(id)))
  }

  /** Returns every slot that was ever put. */
  *changedSlots(): Iterable<Slot<Entity>> {
    for (const slot of this.#slots.values()) if (slot.now !== slot.before) yield slot
  }

  #acceptIds(ids: readonly string[], entities: readonly Entity[]): null[] {
    this.#accept(entities)
    for (const id of ids) if (!this.#slots.has(id)) this.#slots.set(id, { id, before: null, now: null })
    return ids.map(() => null)
  }

  #indexOf(finder: Finder<Entity>, source: OverlaySource<Entity>): FinderIndex<Entity> {
    const { name, valuesOf, most = Number.POSITIVE_INFINITY } = finder
    const cut = new Set<string>()
    const loader = new DataLoader<string, null>(async (values) => {
      const entities = await source.byValues(name, values)
      this.#accept(entities)
      // Which of the values had more can't be told: all of them count as cut.
      if (entities.length > most) for (const value of values) cut.add(value)
      return values.map(() => null)
    }, loaderOptions)
    return { valuesOf, asked: new Set(), cut, ids: new Map(), loader }
  }

  // What is here already is newer than what the database answers now.
  #accept(entities: readonly Entity[]): void {
    for (const entity of entities) {
      const id = this.#idOf(entity)
      if (this.#slots.has(id)) continue
      this.#slots.set(id, { id, before: entity, now: entity })
      this.#addToIndex(id, entity)
    }
  }

  #addToIndex(id: string, entity: Entity): void {
    for (const { valuesOf, ids } of this.#indexes.values()) {
      for (const value of valuesOf(entity)) {
        const known = ids.get(value)
        if (known === undefined) ids.set(value, new Set([id]))
        else known.add(id)
      }
    }
  }
}

/** More keys than this in one read would make the query itself slow to parse. */
const loaderOptions = { maxBatchSize: 1000 }

const sorted = (ids: ReadonlySet<string> = new Set()): Iterable<string> =>
  ids.size > 1 ? [...ids].sort() : ids

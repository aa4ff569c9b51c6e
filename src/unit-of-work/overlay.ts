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

/** Told of every put, so that a savepoint can take it back. */
export type PutListener = (undo: { readonly slot: Slot<unknown>; readonly previous: unknown }) => void

export class Overlay<Entity> {
  readonly #slots = new Map<string, Slot<Entity>>()
  readonly #asked = new Set<string>()
  readonly #cut = new Set<string>()
  readonly #index = new Map<string, Set<string>>()
  readonly #idOf: (entity: Entity) => string
  readonly #finders: readonly Finder<Entity>[]
  readonly #byId: DataLoader<string, null>
  readonly #byFinder: ReadonlyMap<string, DataLoader<string, null>>
  readonly #onPut: PutListener

  constructor(options: {
    readonly idOf: (entity: Entity) => string
    readonly finders: readonly Finder<Entity>[]
    readonly source: OverlaySource<Entity>
    readonly onPut: PutListener
  }) {
    this.#idOf = options.idOf
    this.#finders = options.finders
    this.#onPut = options.onPut
    const { source } = options
    // What is asked for in one turn is read at once; what was asked for before is not asked again.
    this.#byId = new DataLoader(async (ids) => this.#acceptIds(ids, await source.byIds(ids)), loaderOptions)
    this.#byFinder = new Map(
      options.finders.map(({ name }) => [
        name,
        new DataLoader(
          async (values) => this.#acceptFound({ name, values }, await source.byValues(name, values)),
          loaderOptions,
        ),
      ]),
    )
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
    const key = indexKey(finder, value)
    if (!this.#asked.has(key)) {
      await this.#byFinder.get(finder)?.load(value)
      this.#asked.add(key)
    }
    const found = this.#index.get(key)
    if (found === undefined) return []
    const valuesOf = this.#finders.find(({ name }) => name === finder)?.valuesOf
    return [...found]
      .sort()
      .map((id) => this.#slots.get(id)?.now ?? null)
      .filter((entity) => entity !== null)
      .filter((entity) => valuesOf?.(entity).includes(value))
  }

  /** Tells whether the database holds more than `findBy` could load. */
  isCut(finder: string, value: string): boolean {
    return this.#cut.has(indexKey(finder, value))
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

  #acceptFound(
    { name, values }: { readonly name: string; readonly values: readonly string[] },
    entities: readonly Entity[],
  ): null[] {
    this.#accept(entities)
    const most = this.#finders.find((finder) => finder.name === name)?.most ?? Number.POSITIVE_INFINITY
    // Which of the values had more can't be told: all of them count as cut.
    if (entities.length > most) for (const value of values) this.#cut.add(indexKey(name, value))
    return values.map(() => null)
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
    for (const { name, valuesOf } of this.#finders) {
      for (const value of valuesOf(entity)) {
        const key = indexKey(name, value)
        const ids = this.#index.get(key)
        if (ids === undefined) this.#index.set(key, new Set([id]))
        else ids.add(id)
      }
    }
  }
}

/** More keys than this in one read would make the query itself slow to parse. */
const loaderOptions = { maxBatchSize: 1000 }

const indexKey = (finder: string, value: string): string => `${finder}:${value}`

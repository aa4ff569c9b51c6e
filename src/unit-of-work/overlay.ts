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

/**
 * An answer that is there already, or a promise of it: nearly all answers are there since `preload`, and a promise for each
 * of them would cost more than the look-up itself.
 */
export type Soon<Answer> = Answer | Promise<Answer>

/** Told of every put, so that a savepoint can take it back. */
export type PutListener = (undo: { readonly slot: Slot<unknown>; readonly previous: unknown }) => void

export class Overlay<Entity> {
  readonly #slots = new Map<string, Slot<Entity>>()
  readonly #asked = new Set<string>()
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
  get(id: string): Soon<Entity | null> {
    const slot = this.#slots.get(id)
    return slot === undefined ? this.#ask(id).then(() => this.#nowAt(id)) : slot.now
  }

  /** Returns the entity, or null where there is none; undefined as long as that was not read. */
  known(id: string): Entity | null | undefined {
    return this.#slots.get(id)?.now
  }

  /** Tells whether an entity was read or is about to be. */
  isAskedFor(id: string): boolean {
    return this.#slots.has(id) || this.#asked.has(id)
  }

  /** Returns those of the entities that exist. */
  getAll(ids: readonly string[]): Soon<readonly Entity[]> {
    const loading = this.load(ids)
    return loading === undefined ? this.#nowOf(ids) : loading.then(() => this.#nowOf(ids))
  }

  /** Returns every entity that the finder finds under the value, sorted by id. */
  findBy(finder: string, value: string): Soon<readonly Entity[]> {
    const index = this.#indexes.get(finder)
    if (index === undefined) return []
    if (index.asked.has(value)) return this.#foundBy(index, value)
    return index.loader.load(value).then(() => {
      index.asked.add(value)
      return this.#foundBy(index, value)
    })
  }

  #ask(id: string): Promise<null> {
    this.#asked.add(id)
    return this.#byId.load(id)
  }

  #nowAt(id: string): Entity | null {
    return this.#slots.get(id)?.now ?? null
  }

  #nowOf(ids: readonly string[]): readonly Entity[] {
    return ids.map((id) => this.#nowAt(id)).filter((entity) => entity !== null)
  }

  #foundBy(index: FinderIndex<Entity>, value: string): readonly Entity[] {
    const found: Entity[] = []
    for (const id of sorted(index.ids.get(value))) {
      const entity = this.#nowAt(id)
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
  load(ids: readonly string[]): Promise<unknown> | undefined {
    if (ids.every((id) => this.#slots.has(id))) return undefined
    return Promise.all(ids.map((id) => (this.#slots.has(id) ? null : this.#ask(id))))
  }

  /** Takes entities for stored, whatever the database answers: another batch is about to write them. */
  expect(entities: Iterable<Entity>): void {
    this.#accept([...entities])
  }

  /** Returns every slot that holds something else than what was loaded. */
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
export const loaderOptions = { maxBatchSize: 1000 }

const sorted = (ids: ReadonlySet<string> = new Set()): Iterable<string> =>
  ids.size > 1 ? [...ids].sort() : ids

// All objects of one type in one account and mode: by id, in listing order, and by the links that lists filter on.
import { textAt } from './json.ts'
import { type ObjectType, rowOf } from './object-types.ts'
import { Shelf, shelved } from './shelf.ts'
import type { StoredObject } from './stored-object.ts'

/** Keeps a deleted object out of its lists and links, though it is still found by id. */
export class ObjectTable {
  readonly #byId = new Map<string, StoredObject>()
  readonly #shelf = new Shelf<StoredObject>()
  readonly #linked: ReadonlyMap<string, Map<string, Set<string>>>

  constructor(type: ObjectType) {
    this.#linked = new Map(rowOf(type).links.map((path) => [path, new Map()]))
  }

  get(id: string): StoredObject | undefined {
    return this.#byId.get(id)
  }

  /** Every listed object, oldest first. */
  get listed(): readonly StoredObject[] {
    return this.#shelf.oldestFirst
  }

  /** Listed objects with this value at the path, oldest first; undefined when no index is kept of it. */
  linked(path: string, value: string): readonly StoredObject[] | undefined {
    const ids = this.#linked.get(path)?.get(value)
    if (ids === undefined) return this.#linked.has(path) ? [] : undefined
    return shelved([...ids].flatMap((id) => this.#byId.get(id) ?? []))
  }

  put(object: StoredObject): void {
    const before = this.#byId.get(object.id)
    const listedBefore = before !== undefined && !before.deleted
    if (listedBefore && !object.deleted && before.created === object.created) this.#shelf.replace(object)
    else {
      if (listedBefore) this.#shelf.remove(before)
      if (!object.deleted) this.#shelf.insert(object)
    }
    this.#byId.set(object.id, object)
    this.#relink(before, object)
  }

  /** Forgets an object altogether. */
  drop(object: StoredObject): void {
    this.#byId.delete(object.id)
    this.#shelf.remove(object)
    this.#relink(object, undefined)
  }

  #relink(before: StoredObject | undefined, after: StoredObject | undefined): void {
    for (const [path, ids] of this.#linked) {
      const from = linkOf(before, path)
      const to = linkOf(after, path)
      if (from === to) continue
      if (before !== undefined && from !== null) ids.get(from)?.delete(before.id)
      if (after !== undefined && to !== null) ids.set(to, (ids.get(to) ?? new Set()).add(after.id))
    }
  }
}

const linkOf = (object: StoredObject | undefined, path: string): string | null =>
  object === undefined || object.deleted ? null : textAt(object.content, path)

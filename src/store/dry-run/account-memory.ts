// One account's documents as a dry run leaves them, laid over the database. Guarantee: its reader answers database ∪
// held − overridden, and nothing is ever written.

import type { Write } from '../../unit-of-work/change-set.ts'
import type { AccountReader, StoredDocument, WorkCollection } from '../../unit-of-work/reader.ts'
import { seededCurrencies } from '../currencies.ts'
import { encodeDocument, HeldCollection } from './held-collection.ts'
import { updatedDocument } from './updated-document.ts'

const seeds = new Map(seededCurrencies.map((currency) => [currency.code, currency]))

/** Holds what a dry run would have written of one account. */
export class AccountMemory {
  readonly #openStored: () => AccountReader
  #stored: AccountReader
  readonly #collections = new Map<string, HeldCollection>()
  /** What the attempt under way was answered out of the database: the states before what it commits. */
  readonly #seen = new Map<string, StoredDocument>()
  #commits = 0

  /** @param openStored answers a reader of what the database holds, anew for each attempt */
  constructor(openStored: () => AccountReader) {
    this.#openStored = openStored
    this.#stored = openStored()
  }

  /** Reads what would be there by now. */
  readonly reader: AccountReader = {
    byDocumentIds: async (collection, ids) => {
      const held = this.#collection(collection)
      const missing = ids.filter((id) => !held.has(id))
      const stored = missing.length === 0 ? [] : await this.#stored.byDocumentIds(collection, missing)
      return [
        ...this.#notHeld(collection, stored),
        ...ids.map((id) => held.get(id)).filter((found) => found !== null),
      ]
    },
    byField: async (lookup, values) => {
      const stored = await this.#stored.byField(lookup, values)
      return [
        ...this.#notHeld(lookup.collection, stored),
        ...this.#collection(lookup.collection).find(lookup, values),
      ]
    },
    idsByField: async (lookup, values) => {
      const held = this.#collection(lookup.collection)
      const found = held.find(lookup, values).map(({ stripe_id }) => String(stripe_id))
      return [...new Set([...(await this.#stored.idsByField(lookup, values)), ...found])].sort()
    },
    // An empty database would have been given its currencies before.
    currency: async (code) => {
      const seed = seeds.get(code)
      return (await this.#stored.currency(code)) ?? (seed === undefined ? null : { _id: code, ...seed })
    },
  }

  /** Number of commits that would have been made so far. */
  get commits(): number {
    return this.#commits
  }

  /** Begins another attempt. */
  begin(): void {
    this.#stored = this.#openStored()
    this.#seen.clear()
  }

  /** Holds what a batch would write: all of it, or nothing where it throws `payload_unstorable`. */
  commit(writes: readonly Write[]): void {
    const written = writes.map((write) => ({ write, bytes: encodeDocument(this.#documentOf(write)) }))
    for (const { write, bytes } of written) {
      const before = write.kind === 'insert' ? null : this.#before(write.collection, idOf(write))
      this.#collection(write.collection).put(bytes, before)
    }
    this.#commits += 1
  }

  /** Holds one document outside of a batch; `before` is what the database holds. */
  hold(
    collection: WorkCollection,
    { before, document }: { readonly before: StoredDocument | null; readonly document: StoredDocument },
  ): void {
    this.#collection(collection).put(encodeDocument(document), before)
  }

  /** Returns every document that would be written, as it was and as it would be. */
  *states(): Iterable<{
    readonly collection: string
    readonly before: StoredDocument | null
    readonly after: StoredDocument
  }> {
    for (const [collection, held] of this.#collections)
      for (const states of held.states()) yield { collection, ...states }
  }

  #collection(name: string): HeldCollection {
    const known = this.#collections.get(name)
    if (known !== undefined) return known
    const collection = new HeldCollection()
    this.#collections.set(name, collection)
    return collection
  }

  #notHeld(collection: string, stored: readonly StoredDocument[]): readonly StoredDocument[] {
    const held = this.#collection(collection)
    const documents = stored.filter(({ _id }) => !held.has(_id))
    for (const document of documents) this.#seen.set(seenKey(collection, document._id), document)
    return documents
  }

  #before(collection: string, id: unknown): StoredDocument | null {
    return this.#seen.get(seenKey(collection, id)) ?? null
  }

  #documentOf(write: Write): Readonly<Record<string, unknown>> {
    if (write.kind !== 'update') return write.document
    const { collection, id } = write
    const known = this.#collection(collection).get(id) ?? this.#before(collection, id)
    if (known === null) throw new RangeError(`${collection} is updated where nothing was read`)
    return updatedDocument(known, write)
  }
}

const idOf = (write: Write): unknown => (write.kind === 'update' ? write.id : write.document._id)

const seenKey = (collection: string, id: unknown): string => `${collection}:${String(id)}`

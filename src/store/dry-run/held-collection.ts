// Documents of one account and collection as a dry run leaves them. They lie as BSON bytes, so that they pass the
// same boundary as documents that MongoDB holds; each field that is asked for is indexed from then on.

import { BSON, type Document } from 'mongodb'
import { BillingSyncError } from '../../errors.ts'
import type { FieldLookup, StoredDocument } from '../../unit-of-work/reader.ts'
import { decodeStored, toStorable } from '../storable.ts'

/** A document as the database holds it (null: it holds none), and as it would be by now. */
interface HeldDocument {
  readonly before: StoredDocument | null
  readonly after: Uint8Array
}

/** Largest document that MongoDB takes: https://www.mongodb.com/docs/manual/reference/limits/ */
const largestDocumentBytes = 16 * 1024 * 1024

/** Holds documents as bytes, and finds them by their id or a field. */
export class HeldCollection {
  readonly #documents = new Map<string, HeldDocument>()
  readonly #indexes = new Map<string, FieldIndex>()

  has(id: unknown): boolean {
    return this.#documents.has(String(id))
  }

  get(id: unknown): StoredDocument | null {
    const held = this.#documents.get(String(id))
    return held === undefined ? null : decode(held.after)
  }

  find(lookup: FieldLookup, values: readonly unknown[]): readonly StoredDocument[] {
    return this.#indexFor(lookup)
      .candidates(values)
      .map((id) => this.get(id))
      .filter((document) => document !== null)
      .filter((document) => isFound(document, lookup, values))
  }

  /** Holds a document; `before` counts only where it is not held yet. */
  put(bytes: Uint8Array, before: StoredDocument | null): void {
    const document = decode(bytes)
    const id = String(document._id)
    const held = this.#documents.get(id)
    this.#documents.set(id, { before: held === undefined ? before : held.before, after: bytes })
    for (const index of this.#indexes.values()) index.add(id, document)
  }

  /** Returns every document that is held, as it was and as it would be. */
  *states(): Iterable<{ readonly before: StoredDocument | null; readonly after: StoredDocument }> {
    for (const { before, after } of this.#documents.values()) yield { before, after: decode(after) }
  }

  #indexFor(lookup: FieldLookup): FieldIndex {
    const name = `${lookup.field} ${lookup.caseless === true} ${lookup.holdsId === true}`
    const known = this.#indexes.get(name)
    if (known !== undefined) return known
    const index = new FieldIndex(lookup)
    for (const [id, { after }] of this.#documents) index.add(id, decode(after))
    this.#indexes.set(name, index)
    return index
  }
}

/** Returns a document in the bytes in which it would be written. Throws `payload_unstorable` where it is too large. */
export const encodeDocument = (document: Readonly<Record<string, unknown>>): Uint8Array => {
  const bytes = serialize(toStorable(document) as Document) // a document stays a document
  if (bytes !== null && bytes.length <= largestDocumentBytes) return bytes
  throw new BillingSyncError('payload_unstorable', { problem: 'it makes a document of over 16 MB' })
}

// Its buffer is a little larger than the largest document; what outgrows it is a RangeError.
const serialize = (document: Document): Uint8Array | null => {
  try {
    return BSON.serialize(document, { ignoreUndefined: true })
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

/** Ids by the values that a field held at any time; whether it still does is for who asks to see. */
class FieldIndex {
  readonly #ids = new Map<string, Set<string>>()
  readonly #lookup: FieldLookup

  constructor(lookup: FieldLookup) {
    this.#lookup = lookup
  }

  add(id: string, document: StoredDocument): void {
    for (const value of valuesIn(document, this.#lookup)) {
      const ids = this.#ids.get(value)
      if (ids === undefined) this.#ids.set(value, new Set([id]))
      else ids.add(id)
    }
  }

  candidates(values: readonly unknown[]): readonly string[] {
    const ids = values.flatMap((value) => [...(this.#ids.get(foldValue(value, this.#lookup)) ?? [])])
    return [...new Set(ids)]
  }
}

const decode = (bytes: Uint8Array): StoredDocument => decodeStored(bytes) as StoredDocument // a stored document has an `_id`

const isFound = (document: StoredDocument, lookup: FieldLookup, values: readonly unknown[]): boolean => {
  const held = new Set(valuesIn(document, lookup))
  return values.some((value) => held.has(foldValue(value, lookup)))
}

const valuesIn = (document: StoredDocument, lookup: FieldLookup): readonly string[] => {
  const held = lookup.field
    .split('.')
    .reduce<unknown>((at, key) => (isHolder(at) && Object.hasOwn(at, key) ? at[key] : undefined), document)
  return (Array.isArray(held) ? held : [held])
    .filter((value) => typeof value === 'string' || (lookup.holdsId === true && value != null))
    .map((value) => foldValue(value, lookup))
}

const foldValue = (value: unknown, { caseless }: FieldLookup): string =>
  caseless === true ? String(value).toLowerCase() : String(value)

const isHolder = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

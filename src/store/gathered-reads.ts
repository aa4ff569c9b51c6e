// Sends the look-ups of one turn of the event loop as one command. Guarantee: each is answered as if it had been asked
// alone. A batch asks some 25 look-ups in four turns, and a command costs both sides more than the rows it answers.

import type { Db, Document } from 'mongodb'
import type { StoredDocument } from '../unit-of-work/reader.ts'
import { translateMongoErrors } from './mongo-errors.ts'
import { decodeStored } from './storable.ts'

interface LookupOptions {
  /** The field that tells the documents apart, which an index begins with after the account. */
  readonly by: string
  /** Where given, at most one more is answered. */
  readonly most?: number | undefined
  /** Where given, only these fields and `_id` are answered. */
  readonly fields?: readonly string[] | undefined
}

interface Lookup extends LookupOptions {
  readonly collection: string
  readonly filter: Document
  readonly resolve: (documents: readonly StoredDocument[]) => void
  readonly reject: (error: unknown) => void
}

/** Answers of up to 16 MB come in one message: a second one would cost another round trip. */
const batchSize = 10_000

// The driver answers an error of a raw command raw as well, but for a `find`: it takes the state of the server that comes with
// it for its own, and whatever fails before the server was asked anew then throws a TypeError (7.9.0). So it is told, as a
// `find` tells it by itself, that only the rows are to stay raw.
const rawRows = { raw: true, documentsReturnedIn: 'firstBatch' } as const

/** Answers look-ups, those of one turn of the event loop together: all of them are answered, or all reject. */
export class GatheredReads {
  readonly #db: Db
  #waiting: Lookup[] = []

  constructor(db: Db) {
    this.#db = db
  }

  /** Returns the documents that match. Throws `mongodb_unavailable`. */
  find(collection: string, filter: Document, options: LookupOptions): Promise<readonly StoredDocument[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ collection, filter, ...options, resolve, reject })
      if (this.#waiting.length === 1) setImmediate(() => this.#send())
    })
  }

  async #send(): Promise<void> {
    const lookups = this.#waiting
    this.#waiting = []
    try {
      const answers = await translateMongoErrors(() => this.#ask(lookups))
      for (const [index, { resolve }] of lookups.entries()) resolve(answers[index] ?? [])
    } catch (error) {
      for (const { reject } of lookups) reject(error)
    }
  }

  async #ask(lookups: readonly Lookup[]): Promise<readonly (readonly StoredDocument[])[]> {
    const [first, ...others] = lookups.map(({ collection, filter, by, most, fields }, index) => ({
      coll: collection,
      pipeline: [
        { $match: filter },
        // Every index begins with the account. Where the newest documents are wanted, as they mostly are, the server takes one
        // that begins with them for the best, and reads the whole account with it; sorted, only the field's own goes on at once.
        { $sort: { [by]: 1 } },
        ...(most === undefined ? [] : [{ $limit: most + 1 }]),
        ...(fields === undefined
          ? []
          : [{ $project: Object.fromEntries(fields.map((field) => [field, 1])) }]),
        { $replaceWith: { lookup: { $literal: index }, document: '$$ROOT' } },
      ],
    }))
    const answers: StoredDocument[][] = lookups.map(() => [])
    if (first === undefined) return answers
    const stages = [...first.pipeline, ...others.map((other) => ({ $unionWith: other }))]
    const rows = this.#db.collection(first.coll).aggregate<Uint8Array>(stages, { ...rawRows, batchSize })
    for (const bytes of (await rows.toArray()) as unknown as Uint8Array[]) {
      const { lookup, document } = decodeStored(bytes)
      answers[Number(lookup)]?.push(document as StoredDocument)
    }
    return answers
  }
}

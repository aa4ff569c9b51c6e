// Reads one account's documents. Guarantee: every query names the account, so no look-up, whatever an event put
// into it, can answer another account's document; values are compared with `$in`, never evaluated. Throws
// `mongodb_unavailable`.

import { type Db, Long, ObjectId, UUID } from 'mongodb'
import { ownSource } from '../core/contact.ts'
import type { AccountReader, FieldLookup, StoredDocument, WorkCollection } from '../unit-of-work/reader.ts'
import { caseless } from './collections.ts'
import { GatheredReads } from './gathered-reads.ts'
import { translateMongoErrors } from './mongo-errors.ts'
import { decodeStored } from './storable.ts'

/** Reads documents of one account; what is not there is left out of the answer. */
export class MongoAccountReader implements AccountReader {
  readonly #db: Db
  readonly #account: string
  readonly #reads: GatheredReads
  readonly #currencies = new Map<string, Promise<StoredDocument | null>>()

  constructor(db: Db, account: string) {
    this.#db = db
    this.#account = account
    this.#reads = new GatheredReads(db)
  }

  byDocumentIds(
    collection: WorkCollection,
    ids: readonly string[],
    fields?: readonly string[],
  ): Promise<readonly StoredDocument[]> {
    const filter = { _id: { $in: ids }, stripe_user_id: this.#account }
    return this.#reads.find(collection, filter, { by: '_id', fields })
  }

  byField(lookup: FieldLookup, values: readonly string[]): Promise<readonly StoredDocument[]> {
    const wanted = lookup.holdsId === true ? values.flatMap(idForms) : values
    const filter = {
      stripe_user_id: this.#account,
      [lookup.field]: { $in: wanted },
      ...(lookup.adoptable === true ? adoptable : {}),
    }
    return lookup.caseless === true
      ? this.#findCaseless(lookup.collection, filter)
      : this.#reads.find(lookup.collection, filter, { by: lookup.field, most: lookup.most })
  }

  idsByField({ collection, field }: FieldLookup, values: readonly string[]): Promise<readonly string[]> {
    const filter = { stripe_user_id: this.#account, [field]: { $in: values } }
    return translateMongoErrors(async () => {
      const found = this.#db.collection<{ _id: string; stripe_id: string }>(collection).find(filter)
      // Sorted, as in gathered-reads.ts, so that no index is taken that begins with the account alone.
      const sorted = found.sort({ [field]: 1 })
      const rows = await sorted.project<{ stripe_id: string }>({ _id: 0, stripe_id: 1 }).toArray()
      return rows.map(({ stripe_id }) => stripe_id).sort()
    })
  }

  /** Asked once per code and attempt. */
  currency(code: string): Promise<StoredDocument | null> {
    const asked =
      this.#currencies.get(code) ??
      translateMongoErrors(() => this.#db.collection('currency').findOne({ code }))
    this.#currencies.set(code, asked)
    return asked
  }

  async #findCaseless(collection: string, filter: object): Promise<readonly StoredDocument[]> {
    const options = { raw: true, collation: caseless }
    const documents = await translateMongoErrors(() =>
      this.#db.collection(collection).find<Uint8Array>(filter, options).toArray(),
    )
    return (
      documents
        .map((bytes) => decodeStored(bytes) as StoredDocument) // a stored document has an `_id`
        // A collation holds for the whole filter: it takes accounts for one whose ids differ in case alone.
        .filter((document) => document.stripe_user_id === this.#account)
    )
  }
}

// As core/contact.ts says it; null is what is absent, too.
const adoptable = { stripe_customer_id: { $in: [null, ''] }, source: { $ne: ownSource } }

/** Tells whether the CRM has a contact of an account that a customer may adopt by its e-mail. Throws `mongodb_unavailable`. */
export const isAnyAdoptable = async (db: Db, account: string): Promise<boolean> => {
  const filter = { stripe_user_id: account, email: { $gt: '' }, ...adoptable }
  const options = { projection: { _id: 1 }, collation: caseless }
  const found = await translateMongoErrors(() => db.collection('crm.contacts').findOne(filter, options))
  return found !== null
}

// Contacts and conversations made by others have ids of their own making. Numbers of one value are equal for the
// server, whatever their type.
const idForms = (id: string): readonly unknown[] => {
  if (/^[0-9a-f]{24}$/.test(id)) return [id, new ObjectId(id)]
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return [id, new UUID(id)]
  if (/^-?\d{1,19}$/.test(id)) return [id, Long.fromString(id)]
  return [id]
}

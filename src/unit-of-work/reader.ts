// The port through which a unit of work reads the store. An implementation answers for one account only.

import type { ProjectionCollection } from '../core/object-kinds.ts'

/** A document as stored: plain data with dates, ids of any type. */
export type StoredDocument = Readonly<Record<string, unknown>> & { readonly _id: unknown }

/** Collections that a unit of work reads and writes. */
export type WorkCollection =
  | ProjectionCollection
  | 'crm.contacts'
  | 'support.conversations'
  | 'support.rooms'
  | 'support.messages'
  | 'billing.accounts'

/** A look-up other than by `_id`; each is served by an index (store/collections.ts). */
export interface FieldLookup {
  readonly collection: WorkCollection
  readonly field: string
  /** True where letter case doesn't count. */
  readonly caseless?: true
  /** True where contacts that have a customer, or that billing-sync made, need not be answered. */
  readonly adoptable?: true
  /** True where the field holds the id of a document that others may have made: texts, ObjectIds, UUIDs and whole numbers. */
  readonly holdsId?: true
  /** Where this many are too many to load, one more of them is answered at most. */
  readonly most?: number
}

export interface AccountReader {
  /**
   * Returns the account's documents of the collection with these `_id`s.
   * @param fields where given, all that is needed of them besides `_id`: what else they hold may be left out
   */
  byDocumentIds(
    collection: WorkCollection,
    ids: readonly string[],
    fields?: readonly string[],
  ): Promise<readonly StoredDocument[]>
  /** Returns the account's documents whose field holds one of the values (or, as an array, contains one). */
  byField(lookup: FieldLookup, values: readonly unknown[]): Promise<readonly StoredDocument[]>
  /** Returns the Stripe ids of the account's documents whose field holds one of the values, sorted. */
  idsByField(lookup: FieldLookup, values: readonly string[]): Promise<readonly string[]>
  /** Returns the row of the `currency` collection for an upper-case code, or null. */
  currency(code: string): Promise<StoredDocument | null>
}

// The collections and their indexes: the only such list. Every unique index begins with the account, so that the
// collections can be sharded by it; projections and events are unique by their `_id`, `<account>:<id>`, which
// saves them a second unique index (measured: 7,400 upserts/s in place of 5,000).

import type { CreateIndexesOptions, Db, Document, IndexSpecification } from 'mongodb'
import type { ProjectionCollection } from '../core/object-kinds.ts'
import { createIndexes } from './create-indexes.ts'
import { translateMongoErrors } from './mongo-errors.ts'

export interface IndexRow {
  readonly keys: IndexSpecification
  readonly options?: CreateIndexesOptions
}

const account = 'stripe_user_id'
const by = (...fields: readonly string[]): IndexRow => ({
  keys: Object.fromEntries([account, ...fields].map((field) => [field, field === 'created' ? -1 : 1])),
})
const unique = (field: string, options: CreateIndexesOptions): IndexRow => ({
  keys: { [account]: 1, [field]: 1 },
  options: { unique: true, name: `unique_${field}`, ...options },
})
const expiring: IndexRow = { keys: { expires_at: 1 }, options: { expireAfterSeconds: 0 } }
const metadata: IndexRow = { keys: { 'metadata.$**': 1 } }
const newest = by('created')

/** Two e-mail addresses that differ in case are one: https://www.mongodb.com/docs/manual/core/index-case-insensitive/ */
export const caseless = { locale: 'en', strength: 2 } as const
const caselessEmail: IndexRow = {
  keys: { [account]: 1, email: 1 },
  options: { name: 'email_caseless', collation: caseless },
}
/** The same, and those without a customer among them apart: thousands may have one address. */
const adoptableEmail: IndexRow = {
  keys: { [account]: 1, email: 1, stripe_customer_id: 1 },
  options: { name: 'email_adoptable', collation: caseless },
}
/** Any text but the empty one. A filter of a partial index serves look-ups of a text only in this form, not as `$type`. */
const anyText = { $gt: '' }
/** Newest first, by the time at which billing-sync made the document. */
const newestMade: IndexRow = { keys: { [account]: 1, created_at: -1 } }

/** Selects the events that failed or wait for trouble out there to pass: no others have a date of their next try. */
export const restingEvents = {
  status: { $in: ['pending', 'failed'] as const },
  next_attempt_at: { $gte: new Date(0) },
}

/** Selects the events that are not settled for good. */
export const unsettledEvents = { status: { $in: ['pending', 'failed', 'parked', 'dead'] as const } }

/** Name of the index of `unsettled` events, for those who have to name it: an account's own begins with what waits, too. */
export const unsettledIndex = 'unsettled'

/** Events that are not settled for good: what there is to do, and what waits for a person. */
const unsettled: IndexRow = {
  keys: { status: 1, [account]: 1, next_attempt_at: 1 },
  options: {
    name: unsettledIndex,
    partialFilterExpression: unsettledEvents,
  },
}

/**
 * Events that are tried again later, by the time of their receipt: the one that has waited longest is the first. An event
 * that is handled at once never gets into it, so it costs the way of most events nothing.
 */
const resting: IndexRow = {
  keys: { received_at: 1 },
  options: { name: 'resting', partialFilterExpression: restingEvents },
}

/** Catch-ups that left a gap: hardly any, among a row for each list of each account. */
const gaps: IndexRow = {
  keys: { resource: 1 },
  options: { name: 'gaps', partialFilterExpression: { gap: { $exists: true } } },
}

/** The indexes of each collection; those of projections also serve the look-ups between relatives. */
export const collectionIndexes: Readonly<
  Record<string, readonly IndexRow[]> & Record<ProjectionCollection, readonly IndexRow[]>
> = {
  'billing.charges': [
    by('customer', 'created'),
    by('status', 'created'),
    newest,
    by('invoice'),
    by('payment_intent'),
    metadata,
  ],
  'billing.invoices': [
    by('customer', 'created'),
    by('status', 'created'),
    newest,
    by('subscription', 'created'),
    by('charges'),
    by('number'),
    metadata,
  ],
  'billing.subscriptions': [by('customer', 'created'), by('status', 'created'), newest, metadata],
  'billing.disputes': [by('charge'), by('status', 'created'), newest, metadata],
  // A refund names its customer since 2026-07-29.
  'billing.refunds': [by('charge'), by('customer', 'created'), by('status', 'created'), newest, metadata],
  'billing.customers': [by('email'), caselessEmail, newest, metadata],
  'billing.products': [by('active', 'created'), newest, metadata],
  'billing.invoice_payments': [by('invoice'), by('payment.payment_intent'), by('payment.charge')],
  // Rows that others wrote under an `_id` of their own are looked for whenever an account is new. No commit changes it.
  'billing.accounts': [by()],
  'billing.events': [{ keys: { [account]: 1, created: 1, event_id: 1 } }, unsettled, resting, expiring],
  'billing.outbox': [{ keys: { status: 1, sink: 1, [account]: 1, seq: 1 } }, expiring],
  'billing.cursors': [gaps],
  'billing.lanes': [],
  'crm.contacts': [
    unique('stripe_customer_id', { partialFilterExpression: { stripe_customer_id: anyText } }),
    by('former_stripe_customer_ids'),
    by('email'),
    adoptableEmail,
    newestMade,
  ],
  'support.conversations': [
    by('contact_id'),
    newestMade,
    unique('contact_id', { partialFilterExpression: { source: 'billing-sync' } }),
  ],
  'support.rooms': [
    by('contact_id'),
    by('conversation_id'),
    newestMade,
    unique('contact_id', { partialFilterExpression: { source: 'billing-sync' } }),
  ],
  'support.messages': [
    unique('dedupe_key', { partialFilterExpression: { dedupe_key: anyText } }),
    { keys: { [account]: 1, conversation_id: 1, created_at: 1 } },
    { keys: { [account]: 1, room_id: 1, created_at: 1 } },
    newestMade,
  ],
  currency: [{ keys: { code: 1 }, options: { unique: true } }],
  'queue.jobs': [{ keys: { [account]: 1, at: 1 } }, expiring],
  // What Socket.IO's adapter tells between processes, in its own format; a minute is plenty to read it.
  'socket.packets': [{ keys: { createdAt: 1 }, options: { expireAfterSeconds: 60 } }],
}

/**
 * Creates the collections and indexes that are missing; those that are there stay. Throws `mongodb_unavailable`,
 * `duplicate_documents` where others have written what an index that is to be unique cannot take, and `index_conflict`
 * where they have made an index that stands in the way of one.
 */
export const ensureCollections = async (db: Db): Promise<void> => {
  await translateMongoErrors(async () => {
    const known = new Set(
      (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name),
    )
    const ensure = async ([name, rows]: [string, readonly IndexRow[]]): Promise<void> => {
      if (!known.has(name)) await createCollection(db, name)
      const specifications = rows.map(({ keys, options }) => ({ key: keys as Document, ...options })) // an index key is a document
      await createIndexes(db, name, specifications)
    }
    // Side by side: each step waits for the journal, and a fresh database has some 40 of them. Where one fails, the others
    // end first: whoever is told of it finds nothing under way.
    const endings = await Promise.allSettled(Object.entries(collectionIndexes).map(ensure))
    const failure = endings.find((ending) => ending.status === 'rejected')
    if (failure !== undefined) throw failure.reason
  })
}

// Collections are created before any transaction writes to them: inside one, two writers would collide over it.
const createCollection = async (db: Db, name: string): Promise<void> => {
  await db.createCollection(name).catch((error: unknown) => {
    if (!isCollectionThere(error)) throw error
  })
}

/** Server error 48, NamespaceExists: another process created it in between. */
const namespaceExists = 48
const isCollectionThere = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === namespaceExists

// What would change in a document for those who see it: field by field, each field by its JSON pointer
// (https://www.rfc-editor.org/rfc/rfc6901). Laid over the state before, the fields give the state after. Left out is
// what nobody but billing-sync reads: `expanded`, its own times, and `sync` but for the fields that are for readers.

import { isEqual, isJsonObject } from './json.ts'
import { objectKinds } from './object-kinds.ts'

type Document = Readonly<Record<string, unknown>>

/** A field's value on both sides; a side on which the document has no such field has no key. */
export interface FieldChange {
  readonly from?: unknown
  readonly to?: unknown
}

export interface DocumentChange {
  readonly account: string
  readonly collection: string
  /** Id of the Stripe object that the document is about; null where it is about none. */
  readonly stripe_id: string | null
  /** By JSON pointer. */
  readonly fields: Readonly<Record<string, FieldChange>>
  /** True where there was no such document: one that is there may gain fields alone, as by a deletion. */
  readonly isNew: boolean
}

/** A document before and after; `before` is null where there was none. */
export interface DocumentStates {
  readonly account: string
  readonly collection: string
  readonly before: Document | null
  readonly after: Document
}

/** Returns what changed in a document for those who see it, or null where nothing did. */
export const documentChange = ({
  account,
  collection,
  before,
  after,
}: DocumentStates): DocumentChange | null => {
  const fields = fieldChanges(visibleFields(collection, before), visibleFields(collection, after))
  if (Object.keys(fields).length === 0) return null
  return { account, collection, stripe_id: stripeIdOf(collection, after), fields, isNew: before === null }
}

const projections: ReadonlySet<string> = new Set(
  Object.values(objectKinds).map(({ collection }) => collection),
)

/** Fields of the other collections that are billing-sync's own book-keeping. */
const ownFields: Readonly<Record<string, readonly string[]>> = {
  // Secrets are for nobody to see, sealed or not.
  'billing.accounts': [
    '_id',
    'seq',
    'created_at',
    'unfinished',
    'contacts_due',
    'access_token',
    'webhook_secrets',
  ],
  'crm.contacts': ['sync', 'created_at', 'updated_at'],
}

/** Returns the part of a document that people see; that of none is empty. */
export const visibleFields = (collection: string, document: Document | null): Document => {
  if (!projections.has(collection)) return omit(document ?? {}, ownFields[collection] ?? ['created_at'])
  const { own_metadata, incomplete } = isJsonObject(document?.sync) ? document.sync : {}
  return { ...omit(document ?? {}, ['_id', 'expanded', 'sync']), sync: { own_metadata, incomplete } }
}

const omit = (document: Document, names: readonly string[]): Document =>
  Object.fromEntries(Object.entries(document).filter(([name]) => !names.includes(name)))

const fieldChanges = (before: Document, after: Document): Record<string, FieldChange> => {
  const fields: Record<string, FieldChange> = {}
  collectChanges({ before, after, pointer: '', fields })
  return fields
}

interface Walk {
  readonly before: object
  readonly after: object
  readonly pointer: string
  readonly fields: Record<string, FieldChange>
}

// Lists of equal length are compared place by place; others are one value, since their places mean nothing.
const collectChanges = (walk: Walk): void => {
  for (const key of new Set([...Object.keys(walk.before), ...Object.keys(walk.after)])) {
    const pointer = `${walk.pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    const [before, after] = [valueAt(walk.before, key), valueAt(walk.after, key)]
    if (isEqual(before, after)) continue
    if (areAlike(before, after))
      collectChanges({ before, after, pointer, fields: walk.fields } as Walk) // both are objects
    else
      walk.fields[pointer] = {
        ...(before === undefined ? {} : { from: before }),
        ...(after === undefined ? {} : { to: after }),
      }
  }
}

// A key such as `constructor` is absent where it is only inherited.
const valueAt = (object: object, key: string): unknown =>
  Object.hasOwn(object, key) ? (object as Document)[key] : undefined // its own key

const areAlike = (before: unknown, after: unknown): boolean =>
  Array.isArray(before)
    ? Array.isArray(after) && before.length === after.length
    : isPlain(before) && isPlain(after)

// Ids of documents that others made are objects with a class.
const isPlain = (value: unknown): boolean =>
  isJsonObject(value) && [Object.prototype, null].includes(Object.getPrototypeOf(value))

const stripeIdOf = (collection: string, document: Document): string | null => {
  if (projections.has(collection)) return textOf(document.stripe_id)
  if (collection === 'support.messages') return textOf(document.invoice)
  if (collection !== 'crm.contacts') return null
  const former = document.former_stripe_customer_ids
  return textOf(document.stripe_customer_id) ?? textOf(Array.isArray(former) ? former.at(-1) : null)
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)

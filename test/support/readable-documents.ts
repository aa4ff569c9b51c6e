// What readers see of a database, and how it changed: written from what the README promises of each collection, not
// from the source.

import type { Db, Document } from 'mongodb'

interface ReadableDocument {
  readonly account: string
  readonly collection: string
  readonly stripe_id: string | null
  readonly document: Document
}

/** Documents by collection and `_id`. */
type ReadableDocuments = ReadonlyMap<string, ReadableDocument>

const projections =
  /^billing\.(charges|invoices|subscriptions|disputes|refunds|customers|products|invoice_payments)$/
const others = /^(billing\.accounts|crm\.contacts|support\.(conversations|rooms|messages))$/

/** Fields of billing-sync's own that a dry run does not tell. */
const ownFields: Readonly<Record<string, readonly string[]>> = {
  'billing.accounts': ['_id', 'seq', 'created_at'],
  'crm.contacts': ['sync', 'created_at', 'updated_at'],
}

/** Reads every document that somebody reads, without what is billing-sync's own. */
export const readableDocuments = async (db: Db): Promise<ReadableDocuments> => {
  const found = new Map<string, ReadableDocument>()
  for (const { name } of await db.listCollections({}, { nameOnly: true }).toArray()) {
    if (!projections.test(name) && !others.test(name)) continue
    for (const document of await db.collection(name).find().toArray())
      found.set(`${name} ${String(document._id)}`, readable(name, document))
  }
  return found
}

const readable = (collection: string, { sync, ...rest }: Document): ReadableDocument => {
  const isProjection = projections.test(collection)
  const left = isProjection ? ['_id', 'expanded'] : (ownFields[collection] ?? ['created_at'])
  const shown = Object.fromEntries(Object.entries(rest).filter(([key]) => !left.includes(key)))
  const { own_metadata, incomplete } = sync ?? {}
  const document = JSON.parse(
    JSON.stringify({ ...shown, ...(isProjection ? { sync: { own_metadata, incomplete } } : {}) }),
  )
  return { account: rest.stripe_user_id, collection, stripe_id: stripeIdOf(collection, rest), document }
}

const stripeIdOf = (collection: string, document: Document): string | null => {
  if (projections.test(collection)) return document.stripe_id
  if (collection === 'support.messages') return document.invoice
  if (collection !== 'crm.contacts') return null
  return document.stripe_customer_id ?? document.former_stripe_customer_ids?.at(-1) ?? null
}

/** Returns what changed between two states, a document each. */
export const diffDocuments = (before: ReadableDocuments, after: ReadableDocuments): readonly Document[] =>
  [...after].flatMap(([key, { document, ...names }]) => {
    const fields: Record<string, unknown> = {}
    // The fields of `sync` are told one by one, of a new document too.
    const nothing = 'sync' in document ? { sync: {} } : {}
    walk(before.get(key)?.document ?? nothing, document, { pointer: '', fields })
    return Object.keys(fields).length === 0 ? [] : [{ ...names, fields }]
  })

interface Walk {
  readonly pointer: string
  readonly fields: Record<string, unknown>
}

const walk = (from: Document, to: Document, { pointer, fields }: Walk): void => {
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const at = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    const [old, now] = [from[key], to[key]]
    if (JSON.stringify(old) === JSON.stringify(now)) continue
    if (isBranch(old) && isBranch(now) && Array.isArray(old) === Array.isArray(now) && fits(old, now))
      walk(old, now, { pointer: at, fields })
    else
      fields[at] = { ...(old === undefined ? {} : { from: old }), ...(now === undefined ? {} : { to: now }) }
  }
}

const isBranch = (value: unknown): value is Document => typeof value === 'object' && value !== null

// Places of lists that differ in length mean nothing.
const fits = (old: Document, now: Document): boolean => !Array.isArray(old) || old.length === now.length

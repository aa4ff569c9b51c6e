// The projections that must be stored once all events of a history were applied: content of the last state,
// canonical links, metadata merged from the relatives as they are at the end.
import { subscriptionSnapshot } from './history.ts'
import {
  canonicalCharge,
  linkedSubscription,
  type MirroredObject,
  type MirroredObjects,
} from './mirrored-objects.ts'
import { hashAt, hashesAt, type Json, numberAt } from './plain-json.ts'

/** Returns the expected documents of the billing collections, by collection. */
export const expectedProjections = (mirror: MirroredObjects): Record<string, readonly Json[]> => {
  const collections: Record<string, Json[]> = {}
  for (const object of mirror.all()) {
    const collection = `billing.${object.family}`
    collections[collection] = [...(collections[collection] ?? []), projection(mirror, object)]
  }
  return collections
}

const projection = (mirror: MirroredObjects, object: MirroredObject): Json => ({
  ...object.content,
  ...(object.content === undefined ? {} : canonicalFields(mirror, object, object.content)),
  ...(object.deletedAt === undefined ? {} : { deleted: true, deleted_at: new Date(object.deletedAt * 1000) }),
  _id: `${object.account}/${object.id}`,
  stripe_id: object.id,
  stripe_user_id: object.account,
  livemode: object.livemode,
})

const canonicalFields = (mirror: MirroredObjects, object: MirroredObject, content: Json): Json => {
  const sync = { own_metadata: hashAt(content, 'metadata') }
  if (object.family === 'subscriptions') return { ...subscriptionPeriod(content), sync }
  if (object.family === 'charges') {
    const invoice = mirror.invoiceOfCharge(object.account, object.id)
    const inherited = invoiceMetadata(mirror, mirror.get(object.account, invoice))
    return { invoice, metadata: { ...inherited, ...hashAt(content, 'metadata') }, sync }
  }
  if (object.family !== 'invoices') return { sync }
  return {
    subscription: linkedSubscription(object),
    charges: mirror.chargesOfInvoice(object.account, object.id),
    charge: canonicalCharge(mirror, object.account, object.id),
    paid: typeof content.paid === 'boolean' ? content.paid : content.status === 'paid',
    metadata: invoiceMetadata(mirror, object),
    sync,
  }
}

const invoiceMetadata = (mirror: MirroredObjects, invoice: MirroredObject | undefined): Json => {
  if (invoice?.content === undefined) return {}
  const subscription = mirror.get(invoice.account, linkedSubscription(invoice))?.content
  const inherited =
    subscription === undefined ? subscriptionSnapshot(invoice.content) : hashAt(subscription, 'metadata')
  return { ...inherited, ...hashAt(invoice.content, 'metadata') }
}

const subscriptionPeriod = (content: Json): Json => {
  if (typeof content.current_period_start === 'number') return {}
  const items = hashesAt(hashAt(content, 'items'), 'data')
  if (items.length === 0) return {}
  return {
    current_period_start: Math.min(...items.map((item) => numberAt(item, 'current_period_start'))),
    current_period_end: Math.max(...items.map((item) => numberAt(item, 'current_period_end'))),
  }
}

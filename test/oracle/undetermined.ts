// Finds what the contract does not promise in a history: objects whose in-order end no rule tells, and everything
// that is derived from them.
import { paidInvoices, payingCustomer, standIn } from './expected-desk.ts'
import { hasContent, objectKey, type SeenEvent } from './history.ts'
import { linkedSubscription, type MirroredObject, MirroredObjects } from './mirrored-objects.ts'
import { hasUnsearchedSecond, lastByRules, observations, readingsFor } from './order-rules.ts'
import { canonicalText, hashAt, numberAt, textAt } from './plain-json.ts'

/** Returns the keys `${account}:${object id}` of all objects that only deliveries can be compared on. */
export const undeterminedObjects = (events: readonly SeenEvent[]): ReadonlySet<string> => {
  const mirror = new MirroredObjects()
  for (const event of events) mirror.apply(event)
  const keys = new Set<string>()
  for (const [key, own] of byObject(events)) if (!isDetermined(own)) keys.add(key)
  for (const key of invoicesWithUnseenCharges(mirror)) keys.add(key)
  for (const key of invoicesLinkedByIntentAlone(mirror, events)) keys.add(key)
  for (const key of customersStoodInForUnclearly(mirror)) keys.add(key)
  return withDependents(mirror, keys)
}

const byObject = (events: readonly SeenEvent[]): ReadonlyMap<string, readonly SeenEvent[]> => {
  const groups = new Map<string, SeenEvent[]>()
  for (const event of events) {
    const key = objectKey(event.account, event.objectId)
    groups.set(key, [...(groups.get(key) ?? []), event])
  }
  return groups
}

const isDetermined = (events: readonly SeenEvent[]): boolean => {
  const [last, other] = events
    .filter(({ object }) => hasContent(object))
    .slice(-2)
    .reverse()
  // Alone in its second it is the last one, whatever came before.
  if (last?.created !== other?.created || last === undefined) return true
  const observed = observations(events)
  if (hasUnsearchedSecond(observed)) return false
  return readingsFor(observed).every(
    (reading) => lastByRules(observed, reading)?.common.content === observed.at(-1)?.common.content,
  )
}

/** Among several charges of which some were never seen, nothing tells which one succeeded last. */
const invoicesWithUnseenCharges = (mirror: MirroredObjects): readonly string[] =>
  mirror
    .of('invoices')
    .filter(({ account, id }) => {
      const charges = mirror.chargesOfInvoice(account, id)
      return (
        charges.length > 1 && charges.some((charge) => mirror.get(account, charge)?.content === undefined)
      )
    })
    .map(({ account, id }) => objectKey(account, id))

/** An old rendering of an invoice names its payment intent: whether that alone links a charge is not promised. */
const invoicesLinkedByIntentAlone = (
  mirror: MirroredObjects,
  events: readonly SeenEvent[],
): readonly string[] =>
  events.flatMap(({ family, account, object, objectId }) => {
    const intent = family === 'invoices' ? textAt(object, 'payment_intent') : null
    const unlinked = mirror
      .of('charges')
      .filter(
        (charge) => charge.account === account && textAt(charge.content ?? {}, 'payment_intent') === intent,
      )
      .filter((charge) => mirror.invoiceOfCharge(account, charge.id) !== objectId)
    if (intent === null || unlinked.length === 0) return []
    return [objectKey(account, objectId), ...unlinked.map((charge) => objectKey(account, charge.id))]
  })

/** Which paid invoice of an unknown customer is the newest may be read by its payment, its creation or its event. */
const customersStoodInForUnclearly = (mirror: MirroredObjects): readonly string[] =>
  mirror.of('invoices').flatMap((invoice) => {
    const customer = payingCustomer(invoice)
    if (customer === null || mirror.get(invoice.account, customer)?.content !== undefined) return []
    const paid = paidInvoices(mirror, invoice.account, customer)
    const newest = AGES.flatMap((age) => {
      const greatest = Math.max(...paid.map(age))
      return paid.filter((one) => age(one) === greatest)
    })
    const readings = new Set(newest.map((one) => canonicalText(standIn(one))))
    return readings.size > 1 ? [objectKey(invoice.account, customer)] : []
  })

const AGES: readonly ((invoice: MirroredObject) => number)[] = [
  (invoice) => invoice.paidAt.at(-1) ?? 0,
  (invoice) => invoice.paidAt[0] ?? 0,
  (invoice) => numberAt(invoice.content ?? {}, 'created'),
  (invoice) => numberAt(hashAt(invoice.content ?? {}, 'status_transitions'), 'paid_at'),
]

/** Metadata goes from subscriptions over invoices to charges, the canonical charge goes back to the invoice. */
const withDependents = (mirror: MirroredObjects, origins: ReadonlySet<string>): ReadonlySet<string> => {
  const keys = new Set(origins)
  const has = (account: string, id: string | null): boolean => id !== null && keys.has(objectKey(account, id))
  const addAll = (objects: readonly MirroredObject[]): void => {
    for (const { account, id } of objects) keys.add(objectKey(account, id))
  }
  addAll(mirror.of('invoices').filter((invoice) => has(invoice.account, linkedSubscription(invoice))))
  const chargesOfThese = mirror
    .of('charges')
    .filter((charge) => has(charge.account, mirror.invoiceOfCharge(charge.account, charge.id)))
  addAll(
    mirror
      .of('invoices')
      .filter(({ account, id }) =>
        mirror.chargesOfInvoice(account, id).some((charge) => has(account, charge)),
      ),
  )
  addAll(chargesOfThese)
  for (const { account, family, id, content } of mirror.all()) {
    const customer = family === 'invoices' ? textAt(content ?? {}, 'customer') : null
    if (customer !== null && origins.has(objectKey(account, id))) keys.add(objectKey(account, customer))
  }
  return keys
}

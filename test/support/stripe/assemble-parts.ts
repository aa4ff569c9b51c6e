// The entries of sub-lists from what a test says of them: lines of invoices, items of subscriptions.
import { type Hash, isHash, own, textAt, without } from './json.ts'
import { type ObjectType, rowOf } from './object-types.ts'
import type { StoredObject } from './stored-object.ts'
import { completed } from './templates.ts'
import type { Workshop } from './workshop.ts'

// What a test may say of a line at its top level, as versions before basil do; written into `parent` and `pricing`.
const OLD_LINE_FIELDS = ['price', 'plan', 'subscription_item', 'invoice_item', 'proration', 'tax_amounts']

/** Returns a line of the invoice; `price` is an id or a whole price, `subscription_item` makes it one of a subscription. */
export const lineOf = (workshop: Workshop, invoice: StoredObject, given: Hash): StoredObject => {
  const price = given.price === undefined ? null : priceOf(workshop, given)
  const details = price === null ? {} : { pricing: pricingOf(price) }
  const fields = { ...without(given, OLD_LINE_FIELDS), invoice: invoice.id, ...details, ...parentOf(given) }
  const old = price === null ? {} : { price, plan: planOf(price) }
  const taxes = given.tax_amounts === undefined ? {} : { tax_amounts: given.tax_amounts }
  return part(workshop, { type: 'line_item', owner: invoice, fields, old: { ...old, ...taxes } })
}

/** Returns an item of the subscription; `price` is an id or a whole price, without it one is made up. */
export const itemOf = (workshop: Workshop, subscription: StoredObject, given: Hash): StoredObject => {
  const price = priceOf(workshop, given)
  const fields = { ...given, subscription: subscription.id, price, plan: planOf(price) }
  return part(workshop, { type: 'subscription_item', owner: subscription, fields, old: {} })
}

interface PartPlan {
  readonly type: ObjectType
  readonly owner: StoredObject
  readonly fields: Hash
  readonly old: Hash
}

const part = (workshop: Workshop, { type, owner, fields, old }: PartPlan): StoredObject => {
  const id = textAt(fields, 'id') ?? workshop.newId(rowOf(type).idPrefix)
  const created = typeof fields.created === 'number' ? fields.created : owner.created
  const { accountId, livemode } = workshop
  const content = completed(type, { id, created, livemode, accountId, given: fields })
  return { type, id, created, content, old, parts: [], deleted: false, rendered: new Map() }
}

const priceOf = ({ state, newId, accountId, livemode, now }: Workshop, { price }: Hash): Hash => {
  if (isHash(price)) return price
  const id = typeof price === 'string' ? price : newId('price')
  return (
    state.find('price', id)?.content ??
    completed('price', { id, created: now(), livemode, accountId, given: {} })
  )
}

const pricingOf = (price: Hash): Hash => ({
  price_details: { price: price.id ?? null, product: price.product ?? null },
  type: 'price_details',
  unit_amount_decimal: price.unit_amount_decimal ?? null,
})

const parentOf = (given: Hash): Hash => {
  const subscriptionItem = own(given, 'subscription_item')
  if (subscriptionItem === undefined) return {}
  const details = {
    invoice_item: given.invoice_item ?? null,
    proration: given.proration ?? false,
    proration_details: { credited_items: null },
    subscription: given.subscription ?? null,
    subscription_item: subscriptionItem,
  }
  return {
    parent: {
      invoice_item_details: null,
      subscription_item_details: details,
      type: 'subscription_item_details',
    },
  }
}

/** The older twin of a price, still carried beside it. */
const planOf = (price: Hash): Hash => {
  const recurring = isHash(price.recurring) ? price.recurring : {}
  return {
    id: price.id ?? null,
    object: 'plan',
    active: price.active ?? true,
    amount: price.unit_amount ?? null,
    amount_decimal: price.unit_amount_decimal ?? null,
    billing_scheme: price.billing_scheme ?? 'per_unit',
    created: price.created ?? 0,
    currency: price.currency ?? 'usd',
    interval: recurring.interval ?? 'month',
    interval_count: recurring.interval_count ?? 1,
    livemode: price.livemode ?? false,
    metadata: {},
    meter: null,
    nickname: null,
    product: price.product ?? null,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: 'licensed',
  }
}

// The entries of sub-lists as versions before basil render them: a line of an invoice, an item of a subscription.
import { type Hash, hashAt, hashesAt, own, valueAt, without } from './json.ts'
import type { StoredObject } from './stored-object.ts'

/** Returns an invoice line with its price, plan and parent spread over the top level. */
export const oldLine = (content: Hash, { old }: StoredObject): Hash => {
  const parent = hashAt(content, 'parent')
  const isOfSubscription = own(parent, 'type') === 'subscription_item_details'
  const details = hashAt(parent, isOfSubscription ? 'subscription_item_details' : 'invoice_item_details')
  return {
    ...without(content, ['parent', 'pricing', 'taxes', 'subtotal']),
    invoice_item: own(details, 'invoice_item') ?? null,
    plan: null,
    price: null,
    proration: own(details, 'proration') ?? false,
    proration_details: own(details, 'proration_details') ?? { credited_items: null },
    subscription_item: own(details, 'subscription_item') ?? null,
    tax_amounts: hashesAt(content, 'taxes').map(oldTax),
    tax_rates: [],
    type: isOfSubscription ? 'subscription' : 'invoiceitem',
    ...old,
  }
}

/** Returns a subscription's item without its period, which lay on the subscription then. */
export const oldSubscriptionItem = (content: Hash): Hash =>
  without(content, ['current_period_start', 'current_period_end'])

const oldTax = (tax: Hash): Hash => ({
  amount: own(tax, 'amount') ?? 0,
  inclusive: own(tax, 'tax_behavior') === 'inclusive',
  tax_rate: valueAt(tax, 'tax_rate_details.tax_rate') ?? null,
  taxability_reason: own(tax, 'taxability_reason') ?? null,
  taxable_amount: own(tax, 'taxable_amount') ?? null,
})

// What can be expanded in each object: one table, by the field's name as requests spell it.
import type { Generation } from './api-version.ts'
import type { ObjectType } from './object-types.ts'

/** Which versions know a field: those before basil, those since, or all when it is left out. */
type Since = 'before_basil' | 'since_basil'

export type Expandable =
  /** An id, replaced by the object. */
  | { readonly kind: 'link'; readonly to: ObjectType; readonly only?: Since }
  /** An id of something that this played Stripe does not hold: asking for it is allowed and changes nothing. */
  | { readonly kind: 'unheld' }
  /** A hash or a whole object that is always there, with expandable fields inside. */
  | { readonly kind: 'inside'; readonly fields: Expandables }
  | { readonly kind: 'object'; readonly of: ObjectType }
  /** A list that is always there: one goes on through its `data`. */
  | { readonly kind: 'list'; readonly of: ObjectType }
  /** A list that is there only when asked for. */
  | { readonly kind: 'included'; readonly of: ObjectType; readonly list: IncludedList; readonly only?: Since }

export type Expandables = Readonly<Record<string, Expandable>>

/** Lists that an object includes when they are expanded. */
export type IncludedList = 'refunds_of_charge' | 'payments_of_invoice' | 'subscriptions_of_customer'

const link = (to: ObjectType, only?: Since): Expandable =>
  only === undefined ? { kind: 'link', to } : { kind: 'link', to, only }
const unheld: Expandable = { kind: 'unheld' }
const inside = (fields: Expandables): Expandable => ({ kind: 'inside', fields })

/** The table: what each object can expand. */
export const EXPANDABLE: Readonly<Record<ObjectType, Expandables>> = {
  account: {},
  balance_transaction: { source: unheld },
  charge: {
    application: unheld,
    application_fee: unheld,
    balance_transaction: link('balance_transaction'),
    customer: link('customer'),
    failure_balance_transaction: link('balance_transaction'),
    invoice: link('invoice', 'before_basil'),
    on_behalf_of: unheld,
    payment_intent: link('payment_intent'),
    refunds: { kind: 'included', of: 'refund', list: 'refunds_of_charge' },
    review: unheld,
    source_transfer: unheld,
    transfer: unheld,
  },
  customer: {
    default_source: unheld,
    sources: unheld,
    subscriptions: { kind: 'included', of: 'subscription', list: 'subscriptions_of_customer' },
    tax_ids: unheld,
    test_clock: unheld,
  },
  dispute: { charge: link('charge'), payment_intent: link('payment_intent') },
  invoice: {
    application: unheld,
    charge: link('charge', 'before_basil'),
    customer: link('customer'),
    default_payment_method: unheld,
    default_source: unheld,
    discounts: unheld,
    from_invoice: inside({ invoice: link('invoice') }),
    latest_revision: link('invoice'),
    lines: { kind: 'list', of: 'line_item' },
    on_behalf_of: unheld,
    parent: inside({
      quote_details: inside({ quote: unheld }),
      subscription_details: inside({ subscription: link('subscription') }),
    }),
    payment_intent: link('payment_intent', 'before_basil'),
    payments: { kind: 'included', of: 'invoice_payment', list: 'payments_of_invoice', only: 'since_basil' },
    quote: unheld,
    subscription: link('subscription', 'before_basil'),
    test_clock: unheld,
  },
  invoice_payment: {
    invoice: link('invoice'),
    payment: inside({
      charge: link('charge'),
      payment_intent: link('payment_intent'),
      payment_record: unheld,
    }),
  },
  line_item: {
    discounts: unheld,
    pricing: inside({ price_details: inside({ price: link('price', 'since_basil') }) }),
    subscription: link('subscription'),
  },
  payment_intent: {
    application: unheld,
    customer: link('customer'),
    invoice: link('invoice', 'before_basil'),
    latest_charge: link('charge'),
    on_behalf_of: unheld,
    payment_method: unheld,
    review: unheld,
  },
  price: { currency_options: unheld, product: link('product'), tiers: unheld },
  product: { default_price: link('price'), tax_code: unheld },
  refund: {
    balance_transaction: link('balance_transaction'),
    charge: link('charge'),
    customer: link('customer', 'since_basil'),
    failure_balance_transaction: link('balance_transaction'),
    payment_intent: link('payment_intent'),
    source_transfer_reversal: unheld,
    transfer_reversal: unheld,
  },
  subscription: {
    application: unheld,
    customer: link('customer'),
    default_payment_method: unheld,
    default_source: unheld,
    discounts: unheld,
    items: { kind: 'list', of: 'subscription_item' },
    latest_invoice: link('invoice'),
    on_behalf_of: unheld,
    pending_setup_intent: unheld,
    schedule: unheld,
    test_clock: unheld,
  },
  subscription_item: { discounts: unheld, price: { kind: 'object', of: 'price' } },
}

/** Tells whether versions of this generation know the field. */
export const isKnownTo = (generation: Generation, field: Expandable): boolean => {
  const only = 'only' in field ? field.only : undefined
  if (only === undefined) return true
  return (only === 'since_basil') === (generation === 'basil')
}

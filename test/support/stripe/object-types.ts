// The Stripe objects that the played Stripe knows: one row each.

interface ObjectRow {
  readonly idPrefix: string
  /** Where it is listed and retrieved; null for what only lies inside another object. */
  readonly path: string | null
  /** Paths of links by which other things ask for it; held in an index, as lists of thousands are asked by them. */
  readonly links: readonly string[]
  /** What is left after a deletion: `{id, deleted: true}` on retrieve, or a 404; null for what can't be deleted. */
  readonly afterDeletion: 'stub' | 'gone' | null
  /** The name of the sub-list that it carries, and what is in it. */
  readonly carries?: { readonly list: 'lines' | 'items'; readonly of: 'line_item' | 'subscription_item' }
  readonly hasLivemode: boolean
}

const plain = { afterDeletion: null, hasLivemode: true, links: [] } as const satisfies Partial<ObjectRow>

/** The table of Stripe objects. */
export const OBJECT_TYPES = {
  account: { ...plain, idPrefix: 'acct', path: '/v1/accounts', hasLivemode: false },
  balance_transaction: {
    ...plain,
    idPrefix: 'txn',
    path: '/v1/balance_transactions',
    links: ['source'],
    hasLivemode: false,
  },
  charge: { ...plain, idPrefix: 'ch', path: '/v1/charges', links: ['customer', 'payment_intent'] },
  customer: { ...plain, idPrefix: 'cus', path: '/v1/customers', links: ['email'], afterDeletion: 'stub' },
  dispute: { ...plain, idPrefix: 'dp', path: '/v1/disputes', links: ['charge', 'payment_intent'] },
  invoice: {
    ...plain,
    idPrefix: 'in',
    path: '/v1/invoices',
    links: ['customer', 'parent.subscription_details.subscription'],
    afterDeletion: 'gone',
    carries: { list: 'lines', of: 'line_item' },
  },
  invoice_payment: {
    ...plain,
    idPrefix: 'inpay',
    path: '/v1/invoice_payments',
    links: ['invoice', 'payment.payment_intent'],
  },
  line_item: { ...plain, idPrefix: 'il', path: null },
  payment_intent: { ...plain, idPrefix: 'pi', path: '/v1/payment_intents', links: ['customer'] },
  price: { ...plain, idPrefix: 'price', path: '/v1/prices', links: ['product'], afterDeletion: 'gone' },
  product: { ...plain, idPrefix: 'prod', path: '/v1/products', afterDeletion: 'gone' },
  refund: {
    ...plain,
    idPrefix: 're',
    path: '/v1/refunds',
    links: ['charge', 'payment_intent'],
    hasLivemode: false,
  },
  subscription: {
    ...plain,
    idPrefix: 'sub',
    path: '/v1/subscriptions',
    links: ['customer'],
    carries: { list: 'items', of: 'subscription_item' },
  },
  subscription_item: { ...plain, idPrefix: 'si', path: null, hasLivemode: false },
} as const satisfies Readonly<Record<string, ObjectRow>>

export type ObjectType = keyof typeof OBJECT_TYPES

/** Names of all objects. */
export const objectTypes = Object.keys(OBJECT_TYPES) as readonly ObjectType[] // keys of a table that is const

/** Returns the row of an object, without the narrow types of its literal. */
export const rowOf = (type: ObjectType): ObjectRow => OBJECT_TYPES[type]

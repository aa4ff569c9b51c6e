// The Stripe objects that become projections: one row per object, and the only such list.

/** Name of a Stripe object as its `object` field spells it. */
export type ObjectKind =
  | 'charge'
  | 'invoice'
  | 'customer'
  | 'subscription'
  | 'refund'
  | 'dispute'
  | 'product'
  | 'invoice_payment'

/** Collections of projections. */
export type ProjectionCollection =
  `billing.${'charges' | 'invoices' | 'customers' | 'subscriptions' | 'refunds' | 'disputes' | 'products' | 'invoice_payments'}`

interface KindRow {
  readonly collection: ProjectionCollection
  /** Paths that Stripe may expand in place; collapsed to the id, the snapshot goes to `expanded.<last part>`. */
  readonly links: readonly string[]
  /** Fields that are there only when asked for: they go to `expanded.<name>` whole. */
  readonly snapshots: readonly string[]
  /** Embedded lists that Stripe cuts at ten entries: https://docs.stripe.com/api/pagination. */
  readonly lists: readonly string[]
}

/** The table of projected Stripe objects. */
export const objectKinds: Readonly<Record<ObjectKind, KindRow>> = {
  charge: {
    collection: 'billing.charges',
    links: ['customer', 'invoice', 'payment_intent', 'balance_transaction'],
    snapshots: [],
    lists: ['refunds'],
  },
  invoice: {
    collection: 'billing.invoices',
    links: [
      'customer',
      'subscription',
      'charge',
      'payment_intent',
      'parent.subscription_details.subscription',
    ],
    snapshots: ['payments'],
    lists: ['lines'],
  },
  customer: { collection: 'billing.customers', links: [], snapshots: [], lists: [] },
  subscription: {
    collection: 'billing.subscriptions',
    links: ['customer', 'latest_invoice'],
    snapshots: [],
    lists: ['items'],
  },
  refund: {
    collection: 'billing.refunds',
    links: ['charge', 'payment_intent', 'balance_transaction'],
    snapshots: [],
    lists: [],
  },
  dispute: { collection: 'billing.disputes', links: ['charge', 'payment_intent'], snapshots: [], lists: [] },
  product: { collection: 'billing.products', links: ['default_price'], snapshots: [], lists: [] },
  invoice_payment: {
    collection: 'billing.invoice_payments',
    links: ['invoice', 'payment.payment_intent', 'payment.charge'],
    snapshots: [],
    lists: [],
  },
}

/** Tells whether a string names a projected Stripe object. */
export const isObjectKind = (name: string): name is ObjectKind => Object.hasOwn(objectKinds, name)

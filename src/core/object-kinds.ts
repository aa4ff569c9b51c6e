// The Stripe objects that become projections: one row per object, and the only such list.

interface KindRow {
  readonly collection: `billing.${string}`
  /** Paths that Stripe may expand in place; collapsed to the id, the snapshot goes to `expanded.<last part>`. */
  readonly links: readonly string[]
  /** Fields that are there only when asked for: they go to `expanded.<name>` whole. */
  readonly snapshots: readonly string[]
  /** Embedded lists that Stripe cuts at ten entries: https://docs.stripe.com/api/pagination. */
  readonly lists: readonly string[]
}

const kindRows = {
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
    links: ['customer', 'charge', 'payment_intent', 'balance_transaction'],
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
} as const satisfies Readonly<Record<string, KindRow>>

/** Name of a Stripe object as its `object` field spells it. */
export type ObjectKind = keyof typeof kindRows

/** Collections of projections. */
export type ProjectionCollection = (typeof kindRows)[ObjectKind]['collection']

/** The table of projected Stripe objects. */
export const objectKinds: Readonly<
  Record<ObjectKind, KindRow & { readonly collection: ProjectionCollection }>
> = kindRows

/** Tells whether a string names a projected Stripe object. */
export const isObjectKind = (name: string): name is ObjectKind => Object.hasOwn(objectKinds, name)

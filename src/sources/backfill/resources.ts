// The lists that a backfill walks: one row per list, and the only such table.

import type { ObjectKind } from '../../core/object-kinds.ts'

export interface ListRow {
  readonly kind: ObjectKind
  readonly path: string
  /** Parameters of every page besides the window, the limit and what is expanded. */
  readonly params: Readonly<Record<string, string>>
  /** Relatives that are shown in place; with `data.` before them at most four levels (https://docs.stripe.com/expand#depth). */
  readonly expand: readonly string[]
  /**
   * Where pages wait for room in memory, lists of a lower rank go first, and those of one rank go back in time side by
   * side; which pages are committed together, next-pages.ts says.
   */
  readonly rank: number
}

/** Rank of the lists that others inherit from. */
const lendingRank = 0

/** Rank of the lists whose objects are tied to one another: a charge, its invoice and the payment that ties them. */
export const tiedRank = 1

const lastRank = 2

// The resources in the order in which they are begun: what others inherit from comes first.
const resourceRows = {
  customers: { kind: 'customer', path: '/v1/customers', params: {}, expand: [], rank: lendingRank },
  products: { kind: 'product', path: '/v1/products', params: {}, expand: ['default_price'], rank: lastRank },
  // Without a status the list leaves canceled ones out.
  subscriptions: {
    kind: 'subscription',
    path: '/v1/subscriptions',
    params: { status: 'all' },
    expand: ['latest_invoice', 'customer'],
    rank: lendingRank,
  },
  invoices: {
    kind: 'invoice',
    path: '/v1/invoices',
    params: {},
    expand: ['parent.subscription_details.subscription'],
    rank: tiedRank,
  },
  charges: {
    kind: 'charge',
    path: '/v1/charges',
    params: {},
    expand: ['customer', 'balance_transaction'],
    rank: tiedRank,
  },
  refunds: { kind: 'refund', path: '/v1/refunds', params: {}, expand: ['charge'], rank: lastRank },
  disputes: { kind: 'dispute', path: '/v1/disputes', params: {}, expand: ['charge'], rank: lastRank },
} as const satisfies Readonly<Record<string, ListRow>>

/** A resource as `--resource` and the summary name it. */
export type ResourceName = keyof typeof resourceRows

/** The resources in the order of their table. */
export const resourceNames = Object.keys(resourceRows) as readonly ResourceName[] // exactly its keys

/** A list of Stripe's: the resources, and invoice payments, which tie two of them. */
export type ListName = ResourceName | 'invoice_payments'

/** The table of lists: https://docs.stripe.com/api/pagination */
export const listRows: Readonly<Record<ListName, ListRow>> = {
  ...resourceRows,
  invoice_payments: {
    kind: 'invoice_payment',
    path: '/v1/invoice_payments',
    params: {},
    expand: [],
    rank: tiedRank,
  },
}

/** In a range an invoice's payments may be older or younger than it, and so be missed by their own list. */
export const expandInRange: Partial<Record<ListName, readonly string[]>> = { invoices: ['payments'] }

/** Tells whether a name is that of a resource. */
export const isResourceName = (name: string): name is ResourceName =>
  (resourceNames as readonly string[]).includes(name)

/** Returns the resource that holds objects of a kind; null for invoice payments, which are none of their own. */
export const resourceOfKind = (kind: ObjectKind): ResourceName | null =>
  resourceNames.find((name) => listRows[name].kind === kind) ?? null

/** Returns the lists that resources are walked by: invoice payments come along with invoices and charges, whose links they tell. */
export const listsOf = (resources: readonly ResourceName[]): readonly ListName[] => [
  ...resourceNames.filter((name) => resources.includes(name)),
  ...(resources.includes('invoices') || resources.includes('charges') ? ['invoice_payments' as const] : []),
]

/** Returns the resource on whose behalf a list is walked, given the lists that are walked with it. */
export const servedResource = (
  list: ListName,
  walked: { readonly has: (resource: ResourceName) => boolean },
): ResourceName => {
  if (list !== 'invoice_payments') return list
  return walked.has('invoices') ? 'invoices' : 'charges'
}

// The lists that a backfill walks: one row per list, and the only such table.

import type { ObjectKind } from '../../core/object-kinds.ts'

/** A resource as `--resource` and the summary name it. */
export type ResourceName =
  | 'customers'
  | 'products'
  | 'subscriptions'
  | 'invoices'
  | 'charges'
  | 'refunds'
  | 'disputes'

/** A list of Stripe's: the resources, and invoice payments, which tie two of them. */
export type ListName = ResourceName | 'invoice_payments'

export interface ListRow {
  readonly kind: ObjectKind
  readonly path: string
  /** Parameters of every page besides the window, the limit and what is expanded. */
  readonly params: Readonly<Record<string, string>>
}

/** The table of lists: https://docs.stripe.com/api/pagination */
export const listRows: Readonly<Record<ListName, ListRow>> = {
  customers: { kind: 'customer', path: '/v1/customers', params: {} },
  products: { kind: 'product', path: '/v1/products', params: {} },
  // Without a status the list leaves canceled ones out.
  subscriptions: { kind: 'subscription', path: '/v1/subscriptions', params: { status: 'all' } },
  invoices: { kind: 'invoice', path: '/v1/invoices', params: {} },
  charges: { kind: 'charge', path: '/v1/charges', params: {} },
  refunds: { kind: 'refund', path: '/v1/refunds', params: {} },
  disputes: { kind: 'dispute', path: '/v1/disputes', params: {} },
  invoice_payments: { kind: 'invoice_payment', path: '/v1/invoice_payments', params: {} },
}

/** The resources in the order in which they are begun: what others inherit from comes first. */
export const resourceNames: readonly ResourceName[] = [
  'customers',
  'products',
  'subscriptions',
  'invoices',
  'charges',
  'refunds',
  'disputes',
]

/** Tells whether a name is that of a resource. */
export const isResourceName = (name: string): name is ResourceName =>
  (resourceNames as readonly string[]).includes(name)

/** Returns the resource that holds objects of a kind; null for invoice payments, which are none of their own. */
export const resourceOfKind = (kind: ObjectKind): ResourceName | null =>
  resourceNames.find((name) => listRows[name].kind === kind) ?? null

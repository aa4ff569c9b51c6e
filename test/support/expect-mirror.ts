// What the mirror must show of a played account: the objects as Stripe holds them, and links as older versions say them.

import { expect } from 'vitest'
import type { ObjectKind, ProjectionCollection } from '../../src/core/object-kinds.ts'
import { type Hash, textAt } from './stripe/json.ts'
import { shapeOf } from './stripe/shapes.ts'
import type { StripeAccount } from './stripe/stripe-account.ts'

// The compiler asks for every kind that is mirrored; where it is, is said here again.
const collections = {
  customer: 'billing.customers',
  subscription: 'billing.subscriptions',
  invoice: 'billing.invoices',
  charge: 'billing.charges',
  refund: 'billing.refunds',
  dispute: 'billing.disputes',
  product: 'billing.products',
  invoice_payment: 'billing.invoice_payments',
} as const satisfies Readonly<Record<ObjectKind, ProjectionCollection>>

const families = Object.keys(collections) as readonly ObjectKind[] // exactly its keys

/** Fields that are the mirror's own, and those that it completes, which are looked at by themselves. */
const apart = new Set([
  ...[
    '_id',
    'stripe_id',
    'stripe_user_id',
    'livemode',
    'sync',
    'expanded',
    'deleted',
    'deleted_at',
    'metadata',
  ],
  ...['invoice', 'charge', 'charges', 'paid', 'subscription', 'current_period_start', 'current_period_end'],
])

type Document = Readonly<Record<string, unknown>>

const alike = (object: Document): Document =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !apart.has(key)))

const classic = (account: StripeAccount, family: ObjectKind, id: string): Hash =>
  shapeOf(account.stored(family, id), 'classic')

const byPrecedence = (a: Hash, b: Hash): number =>
  Number(a.status === 'succeeded') - Number(b.status === 'succeeded') || Number(a.created) - Number(b.created)

/** Returns the canonical fields of an object, from what versions before basil say. */
const canonicalOf = (account: StripeAccount, family: ObjectKind, id: string): Document => {
  const { invoice, charge, subscription, paid, ...object } = classic(account, family, id)
  if (family === 'charge') return { invoice }
  if (family === 'refund' || family === 'dispute') return { charge }
  if (family === 'invoice_payment') return { invoice }
  if (family === 'subscription')
    return {
      current_period_start: object.current_period_start,
      current_period_end: object.current_period_end,
    }
  return family === 'invoice' ? { paid, subscription, charges: chargesOf(account, id) } : {}
}

const chargesOf = (account: StripeAccount, invoice: string): readonly string[] =>
  account
    .ids('charge')
    .filter((id) => textAt(classic(account, 'charge', id), 'invoice') === invoice)
    .toSorted()

const expectLastCharge = (account: StripeAccount, invoice: string, document: Document): void => {
  const charges = chargesOf(account, invoice).map((id) => classic(account, 'charge', id))
  const last = charges.toSorted(byPrecedence).at(-1)
  // Within one second any of the best will do.
  const best = charges.filter((charge) => last !== undefined && byPrecedence(charge, last) === 0)
  expect(best.length === 0 ? [null, undefined] : best.map(({ id }) => id), invoice).toContain(document.charge)
}

const expectObject = (account: StripeAccount, family: ObjectKind, id: string, document: Document): void => {
  const { metadata = {}, ...truth } = JSON.parse(JSON.stringify(account.get(family, id)))
  expect(alike(document), id).toEqual(alike(truth))
  expect(document.deleted, id).toBeUndefined()
  expect(document.sync, id).toMatchObject({ own_metadata: metadata })
  for (const [name, value] of Object.entries(canonicalOf(account, family, id)))
    expect(document[name] ?? null, `${id} ${name}`).toEqual(value ?? null)
  if (family === 'invoice') expectLastCharge(account, id, document)
}

type Stored = Readonly<Record<string, readonly Document[]>>

/** Expects the stored documents to show the account as Stripe does; returns how many of each family it looked at. */
export const expectMirror = (
  stored: Stored,
  account: StripeAccount,
  isJudged: (id: string) => boolean = () => true,
): Readonly<Record<string, number>> => {
  const judged: Record<string, number> = {}
  for (const family of families) {
    const documents = new Map(
      (stored[collections[family]] ?? []).map((document) => [document.stripe_id, document]),
    )
    const living = new Set(account.ids(family))
    for (const id of [...living].filter(isJudged)) {
      expectObject(account, family, id, documents.get(id) ?? {})
      judged[family] = (judged[family] ?? 0) + 1
    }
    for (const [id, document] of documents) {
      if (living.has(String(id))) continue
      expect(document.deleted, `${String(id)} is deleted`).toBe(true)
      judged.deleted = (judged.deleted ?? 0) + 1
    }
  }
  return judged
}

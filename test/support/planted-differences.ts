// Differences of all kinds between a played account and its mirror, planted on either side, and how an audit must name
// them.

import type { Db } from 'mongodb'
import type { BackfillSummary } from '../../src/sources/backfill/backfill-tally.ts'
import type { StripeAccount } from './stripe/stripe-account.ts'

/** Returns the drift of a summary, a line each, sorted. */
export const foundIn = ({ drift }: BackfillSummary): readonly string[] =>
  drift
    .map(({ kind, collection, stripe_id, fields }) =>
      [kind, collection, stripe_id, ...(fields.length > 0 ? [fields.join()] : [])].join(' '),
    )
    .sort()

/** Plants 22 differences and returns the lines that name them, sorted. */
export const plantDifferences = async (db: Db, account: StripeAccount): Promise<readonly string[]> => {
  const ids = (type: Parameters<StripeAccount['ids']>[0], index: number): string =>
    account.ids(type)[index] ?? ''
  const planted: string[] = []
  const edit = async (
    name: string,
    id: string,
    change: Readonly<Record<string, unknown>>,
    fields: string,
  ) => {
    await db.collection(`billing.${name}`).updateOne({ stripe_id: id }, change)
    planted.push(`different billing.${name} ${id} ${fields}`)
  }
  const lose = async (name: string, id: string) => {
    await db.collection(`billing.${name}`).deleteOne({ stripe_id: id })
    planted.push(`missing billing.${name} ${id}`)
  }
  // What somebody wrote into the mirror.
  await edit('customers', ids('customer', 3), { $set: { email: 'other@example.org' } }, 'email')
  await edit('customers', ids('customer', 5), { $unset: { name: '' } }, 'name')
  await edit('customers', ids('customer', 7), { $set: { metadata: { vip: 'no' } } }, 'metadata')
  await edit('products', ids('product', 2), { $set: { active: false, name: 'Other' } }, 'active,name')
  await edit('charges', ids('charge', 60), { $set: { 'sync.own_metadata': { order: 'x' } } }, 'metadata')
  await edit('charges', ids('charge', 4), { $set: { invoice: 'in_other' } }, 'invoice')
  await edit('charges', ids('charge', 8), { $set: { 'outcome.risk_score': 99 } }, 'outcome')
  await edit(
    'invoices',
    ids('invoice', 9),
    { $set: { charges: [], subscription: null } },
    'charges,subscription',
  )
  await edit('invoices', ids('invoice', 11), { $set: { paid: false, status: 'open' } }, 'paid,status')
  await edit(
    'subscriptions',
    ids('subscription', 1),
    { $set: { current_period_end: 5 } },
    'current_period_end',
  )
  await edit('subscriptions', ids('subscription', 2), { $set: { 'items.data.0.quantity': 70 } }, 'items')
  // Refunds have no mode of their own.
  await edit('refunds', ids('refund', 5), { $unset: { livemode: '' } }, 'livemode')
  await edit('refunds', ids('refund', 6), { $set: { livemode: true } }, 'livemode')
  // What the mirror never heard of.
  account.update('dispute', ids('dispute', 1), { status: 'lost' })
  planted.push(`different billing.disputes ${ids('dispute', 1)} status`)
  account.update('refund', ids('refund', 1), { status: 'failed', metadata: { why: 'bank' } })
  planted.push(`different billing.refunds ${ids('refund', 1)} metadata,status`)
  planted.push(`missing billing.customers ${account.create('customer', { name: 'New' }).id}`)
  planted.push(`missing billing.products ${account.create('product', { name: 'New' }).id}`)
  // What the mirror lost.
  await lose('refunds', ids('refund', 3))
  await lose('disputes', ids('dispute', 3))
  await lose('charges', ids('charge', 70))
  // What is no longer there: one that says so, one that is not found.
  for (const type of ['customer', 'product'] as const) {
    const id = account.seed(type, { created: account.now() - 3_600 })
    await storeLike(db, `billing.${type}s`, { like: ids(type, 0), id })
    account.delete(type, id)
    planted.push(`extra billing.${type}s ${id}`)
  }
  return planted.sort()
}

const storeLike = async (
  db: Db,
  collection: string,
  { like, id }: { readonly like: string; readonly id: string },
): Promise<void> => {
  const document = await db.collection(collection).findOne({ stripe_id: like })
  const account = String(document?.stripe_user_id)
  await db
    .collection<{ _id: string }>(collection)
    .insertOne({ ...document, _id: `${account}:${id}`, stripe_id: id, id } as { _id: string })
}

// What a mirror of a played Stripe must hold: the state that it serves, run through the oracle.

import type { Db } from 'mongodb'
import { type ComparableState, comparableState } from '../oracle/comparable-state.ts'
import { expectedProjections } from '../oracle/expected-projections.ts'
import { FAMILIES, type Family } from '../oracle/history.ts'
import { MirroredObjects } from '../oracle/mirrored-objects.ts'
import type { Json } from '../oracle/plain-json.ts'
import type { ObjectType } from './stripe/object-types.ts'
import { shapeOf } from './stripe/shapes.ts'
import type { StoredObject } from './stripe/stored-object.ts'
import type { StripeAccount } from './stripe/stripe-account.ts'

const typeOf: Readonly<Record<Family, ObjectType>> = {
  customers: 'customer',
  subscriptions: 'subscription',
  invoices: 'invoice',
  charges: 'charge',
  invoice_payments: 'invoice_payment',
  refunds: 'refund',
  disputes: 'dispute',
  products: 'product',
}

/** Returns the projections that must be stored once everything that the accounts serve was read. */
export const servedState = (accounts: readonly StripeAccount[]): ComparableState => {
  const mirror = new MirroredObjects()
  for (const account of accounts)
    for (const family of FAMILIES)
      for (const id of account.ids(typeOf[family])) {
        mirror.apply({
          ...{
            id: `evt_${id}`,
            type: `${family}.seen`,
            created: 0,
            order: 0,
            apiVersion: '',
            previous: undefined,
          },
          ...{ account: account.id, livemode: account.mode === 'live', family, objectId: id },
          object: wholeShape(account.stored(typeOf[family], id)),
        })
      }
  return projectionsIn(comparableState(expectedProjections(mirror)))
}

/** Returns the projections that are stored, in the form in which they are compared. */
export const mirroredState = async (db: Db): Promise<ComparableState> => {
  const collections = FAMILIES.map(async (family) => {
    const documents = await db.collection(`billing.${family}`).find().toArray()
    return [`billing.${family}`, documents] as const
  })
  return stateOf(Object.fromEntries(await Promise.all(collections)))
}

/** Returns the projections among documents, by collection, in the form in which they are compared. */
export const stateOf = (documents: Parameters<typeof comparableState>[0]): ComparableState =>
  projectionsIn(comparableState(documents))

const projectionsIn = (state: ComparableState): ComparableState =>
  Object.fromEntries(FAMILIES.map((family) => [`billing.${family}`, state[`billing.${family}`] ?? []]))

// Sub-lists that Stripe cuts at ten are whole in a mirror.
const wholeShape = (object: StoredObject): Json => {
  const shape: Json = { ...shapeOf(object, 'basil') }
  for (const name of ['lines', 'items']) {
    const list = shape[name]
    if (typeof list !== 'object' || list === null || !('has_more' in list)) continue
    shape[name] = { ...list, has_more: false, data: object.parts.map((part) => shapeOf(part, 'basil')) }
  }
  return shape
}

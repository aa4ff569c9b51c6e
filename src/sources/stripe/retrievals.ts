// How each object is retrieved: with the relatives that belong to it, at most four levels deep
// (https://docs.stripe.com/expand#depth), its cut lists completed.

import type Stripe from 'stripe'
import type { Instant } from '../../clocks.ts'
import { type Json, type JsonObject, own, ownObject } from '../../core/json.ts'
import type { ObjectKind } from '../../core/object-kinds.ts'
import type { AccountClient } from './account-client.ts'
import { plain } from './answer-json.ts'
import { sentAtOf } from './pace-http-client.ts'
import { permitted } from './stripe-failure.ts'
import { readWholeList, type WholeList } from './whole-list.ts'

interface Answer {
  readonly object: JsonObject
  /** The answer's `Date` header. */
  readonly date: string | null
  /** When it was asked for; null where nobody noted it. */
  readonly sentAt: Instant | null
}

/** What each object is read with. Lists have their own (backfill/resources.ts): they are read one level deeper. */
const expandsOf: Readonly<Record<ObjectKind, readonly string[]>> = {
  charge: ['customer', 'balance_transaction'],
  invoice: ['payments', 'parent.subscription_details.subscription'],
  customer: [],
  subscription: ['latest_invoice', 'customer'],
  refund: ['charge'],
  dispute: ['charge'],
  product: ['default_price'],
  invoice_payment: ['payment.payment_intent'],
}

interface Params {
  expand: string[]
}

type Retrieve = (client: AccountClient, id: string, params: Params) => Promise<Stripe.Response<object>>

const retrieves: Readonly<Record<ObjectKind, Retrieve>> = {
  charge: ({ stripe, options }, id, params) => stripe.charges.retrieve(id, params, options),
  invoice: ({ stripe, options }, id, params) => stripe.invoices.retrieve(id, params, options),
  customer: ({ stripe, options }, id, params) => stripe.customers.retrieve(id, params, options),
  subscription: ({ stripe, options }, id, params) => stripe.subscriptions.retrieve(id, params, options),
  refund: ({ stripe, options }, id, params) => stripe.refunds.retrieve(id, params, options),
  dispute: ({ stripe, options }, id, params) => stripe.disputes.retrieve(id, params, options),
  product: ({ stripe, options }, id, params) => stripe.products.retrieve(id, params, options),
  invoice_payment: ({ stripe, options }, id, params) => stripe.invoicePayments.retrieve(id, params, options),
}

/**
 * Retrieves one object. Throws the SDK's errors, `stripe_unavailable` for a list that is none, and `stripe_refused` for one
 * that is refused though the key may read it.
 */
export const retrieveObject = async (
  client: AccountClient,
  kind: ObjectKind,
  id: string,
): Promise<Answer> => {
  const response = await retrieves[kind](client, id, { expand: [...expandsOf[kind]] })
  const { headers } = response.lastResponse
  const object = plain(response)
  return {
    // What the key may not read of it stays cut, as it does in a backfill.
    object: await permitted(() => completeLists(client, kind, object), {
      what: cutListsOf(kind),
      otherwise: object,
    }),
    date: headers.date ?? null,
    sentAt: sentAtOf(headers),
  }
}

/** Returns the invoice payments of a charge's payment, each with its invoice and, through it, the subscription's id. */
export const paymentsOfIntent = async (
  { stripe, options }: AccountClient,
  intent: string,
): Promise<readonly JsonObject[]> => {
  const payment = { type: 'payment_intent', payment_intent: intent } as const
  const { entries } = await readWholeList((page) =>
    stripe.invoicePayments.list({ payment, expand: ['data.invoice'], ...page }, options),
  )
  return entries
}

/** Returns the refunds of a charge. */
export const refundsOfCharge = async (
  { stripe, options }: AccountClient,
  charge: string,
): Promise<readonly JsonObject[]> => {
  const { entries } = await readWholeList((page) => stripe.refunds.list({ charge, ...page }, options))
  return entries
}

type Completion = (client: AccountClient, id: string) => Promise<WholeList>

const completions: Partial<Record<ObjectKind, Readonly<Record<string, Completion>>>> = {
  invoice: {
    lines: ({ stripe, options }, id) =>
      readWholeList((page) => stripe.invoices.listLineItems(id, page, options)),
    payments: ({ stripe, options }, id) =>
      readWholeList((page) => stripe.invoicePayments.list({ invoice: id, ...page }, options)),
  },
  subscription: {
    items: ({ stripe, options }, id) =>
      readWholeList((page) => stripe.subscriptionItems.list({ subscription: id, ...page }, options)),
  },
}

/** Returns the lists of a kind of object that Stripe cuts, in words. */
export const cutListsOf = (kind: ObjectKind): string =>
  `the lists of ${kind.replace('_', ' ')}s that Stripe cuts at ten entries`

/** Returns the object with the lists that Stripe cut completed; one that is too long stays cut. Throws as `retrieveObject` does. */
export const completeLists = async (
  client: AccountClient,
  kind: ObjectKind,
  object: JsonObject,
): Promise<JsonObject> => {
  const completed: [string, Json][] = []
  for (const [name, complete] of Object.entries(completions[kind] ?? {})) {
    const list = ownObject(object, name)
    if (list === null || own(list, 'has_more') !== true) continue
    const { entries, hasMore } = await complete(client, String(object.id))
    completed.push([name, { ...list, data: entries, has_more: hasMore }])
  }
  return completed.length === 0 ? object : { ...object, ...Object.fromEntries(completed) }
}

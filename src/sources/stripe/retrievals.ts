// How each object is retrieved: with the relatives that belong to it, at most four levels deep
// (https://docs.stripe.com/expand#depth), its cut lists completed.

import type Stripe from 'stripe'
import { isJsonObject, type Json, type JsonObject, own, ownObject } from '../../core/json.ts'
import type { ObjectKind } from '../../core/object-kinds.ts'
import type { AccountClient } from './account-client.ts'

/** One object as Stripe answers it now; the SDK's decimals are plain strings in it, as in webhooks. */
export type Retrieved = JsonObject & { readonly id: string }

interface Answer {
  readonly object: JsonObject
  /** The answer's `Date` header. */
  readonly date: string | null
}

type Retrieve = (client: AccountClient, id: string) => Promise<Stripe.Response<object>>

const retrieves: Readonly<Record<ObjectKind, Retrieve>> = {
  charge: ({ stripe, options }, id) =>
    stripe.charges.retrieve(id, { expand: ['customer', 'balance_transaction'] }, options),
  invoice: ({ stripe, options }, id) =>
    stripe.invoices.retrieve(
      id,
      { expand: ['payments', 'parent.subscription_details.subscription'] },
      options,
    ),
  customer: ({ stripe, options }, id) => stripe.customers.retrieve(id, {}, options),
  subscription: ({ stripe, options }, id) =>
    stripe.subscriptions.retrieve(id, { expand: ['latest_invoice', 'customer'] }, options),
  refund: ({ stripe, options }, id) => stripe.refunds.retrieve(id, { expand: ['charge'] }, options),
  dispute: ({ stripe, options }, id) => stripe.disputes.retrieve(id, { expand: ['charge'] }, options),
  product: ({ stripe, options }, id) => stripe.products.retrieve(id, { expand: ['default_price'] }, options),
  invoice_payment: ({ stripe, options }, id) =>
    stripe.invoicePayments.retrieve(id, { expand: ['payment.payment_intent'] }, options),
}

/** Retrieves one object. Throws the SDK's errors. */
export const retrieveObject = async (
  client: AccountClient,
  kind: ObjectKind,
  id: string,
): Promise<Answer> => {
  const response = await retrieves[kind](client, id)
  const object = plain(response)
  return {
    object: await completeLists(client, kind, object),
    date: response.lastResponse.headers.date ?? null,
  }
}

/** Returns the invoice payments of a charge's payment, each with its invoice and, through it, the subscription's id. */
export const paymentsOfIntent = async (
  client: AccountClient,
  intent: string,
): Promise<readonly JsonObject[]> =>
  allOf(
    client.stripe.invoicePayments.list(
      {
        payment: { type: 'payment_intent', payment_intent: intent },
        expand: ['data.invoice'],
        limit: pageSize,
      },
      client.options,
    ),
  )

/** Returns the refunds of a charge. */
export const refundsOfCharge = async (
  client: AccountClient,
  charge: string,
): Promise<readonly JsonObject[]> =>
  allOf(client.stripe.refunds.list({ charge, limit: pageSize }, client.options))

const pageSize = 100

/** Stripe answers no more than some thousand entries of one object; more would be a fault. */
const mostEntries = 10_000

const allOf = async (list: Stripe.ApiListPromise<object>): Promise<readonly JsonObject[]> =>
  (await list.autoPagingToArray({ limit: mostEntries })).map(plain)

type Completion = (client: AccountClient, id: string) => Promise<readonly JsonObject[]>

const completions: Partial<Record<ObjectKind, Readonly<Record<string, Completion>>>> = {
  invoice: {
    lines: ({ stripe, options }, id) =>
      allOf(stripe.invoices.listLineItems(id, { limit: pageSize }, options)),
    payments: ({ stripe, options }, id) =>
      allOf(stripe.invoicePayments.list({ invoice: id, limit: pageSize }, options)),
  },
  subscription: {
    items: ({ stripe, options }, id) =>
      allOf(stripe.subscriptionItems.list({ subscription: id, limit: pageSize }, options)),
  },
}

const completeLists = async (
  client: AccountClient,
  kind: ObjectKind,
  object: JsonObject,
): Promise<JsonObject> => {
  const completed: [string, Json][] = []
  for (const [name, complete] of Object.entries(completions[kind] ?? {})) {
    const list = ownObject(object, name)
    if (list === null || own(list, 'has_more') !== true) continue
    completed.push([name, { ...list, data: await complete(client, String(object.id)), has_more: false }])
  }
  return completed.length === 0 ? object : { ...object, ...Object.fromEntries(completed) }
}

// The SDK answers decimals as objects of its own; JSON makes them the strings that webhooks carry.
const plain = (object: object): JsonObject => {
  const value: Json = JSON.parse(JSON.stringify(object))
  if (!isJsonObject(value)) throw new TypeError('Stripe answered no object')
  return value
}

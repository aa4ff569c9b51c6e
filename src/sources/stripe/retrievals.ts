// How each object is retrieved: with the relatives that belong to it, at most four levels deep
// (https://docs.stripe.com/expand#depth), its cut lists completed.

import type Stripe from 'stripe'
import type { Instant } from '../../clocks.ts'
import { isJsonObject, type Json, type JsonObject, own, ownObject } from '../../core/json.ts'
import { isIdentified } from '../../core/normalise.ts'
import type { ObjectKind } from '../../core/object-kinds.ts'
import type { AccountClient } from './account-client.ts'
import { readFilledPage } from './filled-page.ts'
import { sentAtOf } from './pace-http-client.ts'
import { permitted } from './stripe-failure.ts'

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
export const paymentsOfIntent = (
  { stripe, options }: AccountClient,
  intent: string,
): Promise<readonly JsonObject[]> => {
  const payment = { type: 'payment_intent', payment_intent: intent } as const
  return allOf((page) => stripe.invoicePayments.list({ payment, expand: ['data.invoice'], ...page }, options))
}

/** Returns the refunds of a charge. */
export const refundsOfCharge = (
  { stripe, options }: AccountClient,
  charge: string,
): Promise<readonly JsonObject[]> => allOf((page) => stripe.refunds.list({ charge, ...page }, options))

const pageSize = 100

/** Stripe answers no more than some thousand entries of one object; more would be a fault. */
const mostEntries = 10_000

type ListOnePage = (page: { readonly limit: number; readonly starting_after?: string }) => Promise<object>

// Not the SDK's own paging: what it does not expect ends it with an error that is none of its own.
const allOf = async (list: ListOnePage): Promise<readonly JsonObject[]> => {
  const entries: (JsonObject & { readonly id: string })[] = []
  for (;;) {
    const last = entries.at(-1)
    const page = { limit: pageSize, ...(last === undefined ? {} : { starting_after: last.id }) }
    const read = await readFilledPage(async () => pageOf(plain(await list(page))))
    entries.push(...read.entries)
    if (!read.hasMore || entries.length >= mostEntries) return entries
  }
}

// What is no list of objects is asked for again like a page without entries that claims that there are more.
const pageOf = (list: JsonObject) => {
  const entries = own(list, 'data')
  const isList = Array.isArray(entries) && entries.every(isIdentified)
  return isList ? { entries, hasMore: own(list, 'has_more') === true } : { entries: [], hasMore: true }
}

type Completion = (client: AccountClient, id: string) => Promise<readonly JsonObject[]>

const completions: Partial<Record<ObjectKind, Readonly<Record<string, Completion>>>> = {
  invoice: {
    lines: ({ stripe, options }, id) => allOf((page) => stripe.invoices.listLineItems(id, page, options)),
    payments: ({ stripe, options }, id) =>
      allOf((page) => stripe.invoicePayments.list({ invoice: id, ...page }, options)),
  },
  subscription: {
    items: ({ stripe, options }, id) =>
      allOf((page) => stripe.subscriptionItems.list({ subscription: id, ...page }, options)),
  },
}

/** Returns the lists of a kind of object that Stripe cuts, in words. */
export const cutListsOf = (kind: ObjectKind): string =>
  `the lists of ${kind.replace('_', ' ')}s that Stripe cuts at ten entries`

/** Returns the object with the lists that Stripe cut completed. Throws as `retrieveObject` does. */
export const completeLists = async (
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

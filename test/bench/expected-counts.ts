// What a replay of the workload has to leave behind, counted from the events alone.

import type { JsonObject, SnapshotEvent } from '../support/fixture-files.ts'
import { newContactAccounts } from './workload.ts'

/** Documents by collection. */
export type Counts = Readonly<Record<string, number>>

const collections: Readonly<Record<string, string>> = {
  charge: 'billing.charges',
  customer: 'billing.customers',
  invoice: 'billing.invoices',
  invoice_payment: 'billing.invoice_payments',
  subscription: 'billing.subscriptions',
}

/** Counts events as they are made. */
export class ExpectedCounts {
  readonly #ids = new Map<string, Set<string>>(Object.values(collections).map((name) => [name, new Set()]))
  readonly #accounts = new Set<string>()
  readonly #contacts = new Set<string>()
  readonly #paidCustomers = new Set<string>()
  readonly #paidInvoices = new Set<string>()
  #events = 0

  add({ account = '', type, data: { object } }: SnapshotEvent): void {
    const collection = collections[String(object.object)]
    if (collection === undefined) throw new TypeError(`the workload holds an unexpected ${type}`)
    this.#events += 1
    this.#accounts.add(account)
    this.#ids.get(collection)?.add(keyOf(account, object.id))
    if (object.object === 'customer' && newContactAccounts.includes(account))
      this.#contacts.add(keyOf(account, object.id))
    if (isPayment(type, object)) this.#addPayment(account, object)
  }

  get counts(): Counts {
    const told = this.#paidCustomers.size
    return {
      'billing.events': this.#events,
      ...Object.fromEntries([...this.#ids].map(([name, ids]) => [name, ids.size])),
      'billing.accounts': this.#accounts.size,
      'crm.contacts': this.#contacts.size,
      'support.conversations': told,
      'support.rooms': told,
      'support.messages': this.#paidInvoices.size,
    }
  }

  #addPayment(account: string, invoice: JsonObject): void {
    this.#contacts.add(keyOf(account, invoice.customer))
    this.#paidCustomers.add(keyOf(account, invoice.customer))
    this.#paidInvoices.add(keyOf(account, invoice.id))
  }
}

const isPayment = (type: string, invoice: JsonObject): boolean =>
  (type === 'invoice.paid' || type === 'invoice.payment_succeeded') &&
  invoice.status === 'paid' &&
  Number(invoice.amount_paid) > 0

const keyOf = (account: string, id: unknown): string => `${account}:${String(id)}`

// The events of one paid invoice, on an account of the test's choice, and what an account's documents are.

import type { Db } from 'mongodb'
import { collectionIndexes } from '../../src/store/collections.ts'
import { loadStory, type SnapshotEvent } from '../support/fixture-files.ts'

const typesInOrder = [
  'customer.created',
  'customer.subscription.created',
  'invoice.created',
  'charge.succeeded',
  'invoice.paid',
  'invoice_payment.paid',
]

const storyAccount = 'acct_1RzH8nCdYs3GkVf6'

/** Returns the events that lead to the story's first paid invoice, as if they were the account's. */
export const paidInvoiceEvents = (account: string): readonly SnapshotEvent[] => {
  const ofStory = loadStory().filter((event) => event.account === storyAccount)
  const events = typesInOrder.map((type) => ofStory.find((event) => event.type === type))
  return JSON.parse(JSON.stringify(events).replaceAll(storyAccount, account))
}

export type Documents = Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>

/** Returns every document of an account, by collection; collections without one are left out. */
export const documentsOf = async (db: Db, account: string): Promise<Documents> => {
  const entries = await Promise.all(
    Object.keys(collectionIndexes).map(async (name) => {
      const documents = await db.collection(name).find({ stripe_user_id: account }).toArray()
      return [name, documents] as const
    }),
  )
  return Object.fromEntries(entries.filter(([, documents]) => documents.length > 0))
}

/** Returns what an account's notices tell, but for their numbers, which count the commits before. */
export const noticesOf = (documents: Documents): readonly string[] =>
  (documents['queue.jobs'] ?? [])
    .map(({ kind, collection, stripe_id, event_id }) => [kind, collection, stripe_id, event_id].join(' '))
    .sort()

/** Returns the states of an account's inbox rows. */
export const rowStatesOf = (documents: Documents): readonly unknown[] =>
  (documents['billing.events'] ?? []).map(({ status }) => status)

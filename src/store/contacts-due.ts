// What is asked for where contacts are derived anew: the accounts that are due, and their customers in pages.

import type { Db, Filter } from 'mongodb'
import { documentId } from '../core/projection-document.ts'
import type { AccountRow } from './accounts.ts'
import { translateMongoErrors } from './mongo-errors.ts'

interface CustomerRow {
  readonly _id: string
  readonly stripe_user_id: string
  readonly stripe_id: string
}

interface ContactRow {
  readonly stripe_user_id: string
  readonly stripe_customer_id: string
}

/** Returns the accounts whose contacts are due, in the order of their ids. Throws `mongodb_unavailable`. */
export const accountsWithContactsDue = (db: Db): Promise<readonly string[]> =>
  translateMongoErrors(async () => {
    const rows = db
      .collection<AccountRow>('billing.accounts')
      .find({ contacts_due: { $exists: true } }, { projection: { _id: 1 } })
    return (await rows.sort({ _id: 1 }).toArray()).map(({ _id }) => _id)
  })

/** A page of an account's customers. */
export interface CustomerPage {
  readonly account: string
  readonly after: string
  readonly most: number
}

/**
 * Returns the next customers in the order of their ids: those that are stored, and those that only a contact names.
 * Throws `mongodb_unavailable`.
 */
export const customersAfter = (db: Db, page: CustomerPage): Promise<readonly string[]> =>
  translateMongoErrors(async () => {
    const [stored, linked] = await Promise.all([storedAfter(db, page), linkedAfter(db, page)])
    // Either may go on behind its last one, but not before: what both tell up to `most` is complete.
    return [...new Set([...stored, ...linked])].sort(inOrderOfServer).slice(0, page.most)
  })

const storedAfter = async (db: Db, { account, after, most }: CustomerPage): Promise<readonly string[]> => {
  // `;` follows `:`, so that the range ends with the account's own ids.
  const range: Filter<CustomerRow> = { _id: { $gt: documentId(account, after), $lt: `${account};` } }
  const rows = db
    .collection<CustomerRow>('billing.customers')
    .find({ ...range, stripe_user_id: account }, { projection: { _id: 0, stripe_id: 1 } })
  return (await rows.sort({ _id: 1 }).limit(most).toArray()).map(({ stripe_id: id }) => id)
}

const linkedAfter = async (db: Db, { account, after, most }: CustomerPage): Promise<readonly string[]> => {
  const rows = db
    .collection<ContactRow>('crm.contacts')
    .find(
      { stripe_user_id: account, stripe_customer_id: { $gt: after } },
      { projection: { _id: 0, stripe_customer_id: 1 } },
    )
  const page = await rows.sort({ stripe_customer_id: 1 }).limit(most).toArray()
  return page.map(({ stripe_customer_id: id }) => id)
}

const inOrderOfServer = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

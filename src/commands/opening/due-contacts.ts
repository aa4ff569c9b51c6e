// Contacts of accounts whose mappings changed: derived anew before a command's own work, or behind that of `serve`.

import { setTimeout as wait } from 'node:timers/promises'
import { isRetryable } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { type DerivingOptions, deriveDueContacts } from '../../pipeline/derive-contacts.ts'
import { customersAfter } from '../../store/contacts-due.ts'
import type { Database } from '../../store/database.ts'
import type { Handling } from './open-handling.ts'

export interface ContactsRequest {
  readonly handling: Handling
  readonly database: Database
  readonly signal: AbortSignal
  /** Told what was changed. */
  readonly onDerived?: DerivingOptions['onDerived']
}

/** Derives what is due of all accounts, up to the signal. Throws `mongodb_unavailable` and `account_busy`. */
export const deriveContacts = async ({
  handling,
  database: { db },
  signal,
  onDerived,
}: ContactsRequest): Promise<void> => {
  const options: DerivingOptions = {
    ...handling.options,
    ...{ signal, ...(onDerived && { onDerived }) },
    customersAfter: (account, after, most) => customersAfter(db, { account, after, most }),
  }
  for (const account of await handling.accountsDue()) await deriveDueContacts(account, options)
}

/** How often accounts that are due are looked for: another process may have changed their mappings. */
const lookMs = 30_000

/** Derives what is due, and becomes due, until the signal. Never rejects. */
export const keepContactsDerived = async (
  request: ContactsRequest & { readonly log: Log },
): Promise<void> => {
  const { signal, log } = request
  while (!signal.aborted) {
    try {
      await deriveContacts(request)
    } catch (error) {
      // The next look goes on with it; what keeps MongoDB from answering is told elsewhere.
      if (!isRetryable(error)) log.error('contacts are not derived with the new mappings', error)
    }
    await wait(lookMs, undefined, { signal, ref: false }).catch(() => undefined)
  }
}

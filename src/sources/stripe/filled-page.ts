// Pages of lists that Stripe cuts. Guarantee: a page without entries that claims that there are more, as which an answer that
// is no list is taken, never ends a list: it is asked for again a few times.

import { setTimeout as wait } from 'node:timers/promises'
import { BillingSyncError } from '../../errors.ts'

interface Page {
  readonly entries: readonly unknown[]
  readonly hasMore: boolean
}

const emptyTries = 5
const emptyPauseMs = 300

/** Returns the page. Throws what `read` throws, and `stripe_unavailable` where Stripe keeps answering nothing. */
export const readFilledPage = async <Read extends Page>(read: () => Promise<Read>): Promise<Read> => {
  for (let attempt = 1; attempt <= emptyTries; attempt += 1) {
    if (attempt > 1) await wait(emptyPauseMs * (attempt - 1))
    const page = await read()
    if (page.entries.length > 0 || !page.hasMore) return page
  }
  throw new BillingSyncError('stripe_unavailable')
}

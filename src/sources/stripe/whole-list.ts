// All entries of a list inside an object, page by page. Not the SDK's own paging: what it does not expect ends it with an
// error that is none of its own.

import { type JsonObject, own } from '../../core/json.ts'
import { isIdentified } from '../../core/normalise.ts'
import { BillingSyncError } from '../../errors.ts'
import { plain } from './answer-json.ts'
import { readFilledPage } from './filled-page.ts'
import { isCursorGone } from './stripe-failure.ts'

/** What could be read of a list. */
export interface WholeList {
  readonly entries: readonly JsonObject[]
  /** True where there are more than are read. */
  readonly hasMore: boolean
}

/** Asks Stripe for one page. */
type ListOnePage = (page: { readonly limit: number; readonly starting_after?: string }) => Promise<object>

const pageSize = 100

/** Stripe answers no more than some thousand entries of one object: who answers more may never end. */
const mostEntries = 10_000

/** Times that a list is begun whose entries go while it is read. */
const tries = 5

/**
 * Returns the entries of a list, or the first 10,000. It is begun again where the entry is gone after which it would go on: an
 * invoice's draft lines come and go. Throws the SDK's errors, and `stripe_unavailable` for a list that is none, or
 * never stays as it is.
 */
export const readWholeList = async (list: ListOnePage): Promise<WholeList> => {
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    const whole = await readToItsEnd(list)
    if (whole !== null) return whole
  }
  throw new BillingSyncError('stripe_unavailable')
}

// Null where the entry is gone after which a page would begin.
const readToItsEnd = async (list: ListOnePage): Promise<WholeList | null> => {
  const entries: (JsonObject & { readonly id: string })[] = []
  for (;;) {
    const last = entries.at(-1)
    const page = { limit: pageSize, ...(last === undefined ? {} : { starting_after: last.id }) }
    try {
      const { entries: more, hasMore } = await readFilledPage(async () => pageOf(plain(await list(page))))
      entries.push(...more)
      if (!hasMore || entries.length >= mostEntries) return { entries, hasMore }
    } catch (error) {
      if (last === undefined || !isCursorGone(error)) throw error
      return null
    }
  }
}

// What is no list of objects is asked for again like a page without entries that claims that there are more.
const pageOf = (list: JsonObject) => {
  const entries = own(list, 'data')
  const isList = Array.isArray(entries) && entries.every(isIdentified)
  return isList ? { entries, hasMore: own(list, 'has_more') === true } : { entries: [], hasMore: true }
}

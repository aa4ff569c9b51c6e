// Which events a replay takes. Options of different names must all hold; of one option, one value must.

import picomatch from 'picomatch'
import type { EventCriteria } from '../core/event-criteria.ts'
import type { StripeEvent } from '../core/stripe-event.ts'

export interface EventFilter {
  /** True where every event is wanted. */
  readonly takesAll: boolean
  /** Tells whether an event of this type may be wanted. */
  acceptsType(type: string): boolean
  /** Tells whether the event itself is wanted, its account aside. */
  accepts(event: Pick<StripeEvent, 'id' | 'type' | 'created'>): boolean
  /** Tells whether events of this account are wanted; one that an event leaves out has to be found out before. */
  acceptsAccount(account: string): boolean
}

/** Returns the filter of the criteria; without any it takes everything. */
export const openEventFilter = ({ types, ids, accounts, since, until }: EventCriteria): EventFilter => {
  const acceptsType = typeMatcher(types)
  const wantedIds = new Set(ids)
  const wantedAccounts = new Set(accounts)
  const fromMs = since?.getTime() ?? Number.NEGATIVE_INFINITY
  const endMs = until?.getTime() ?? Number.POSITIVE_INFINITY
  return {
    takesAll: types.length + ids.length + accounts.length === 0 && since === null && until === null,
    acceptsType,
    accepts: ({ id, type, created }) =>
      created * 1000 >= fromMs &&
      created * 1000 < endMs &&
      (wantedIds.size === 0 || wantedIds.has(id)) &&
      acceptsType(type),
    acceptsAccount: (account) => wantedAccounts.size === 0 || wantedAccounts.has(account),
  }
}

/** Tells whether a text can be the glob of a type: its brackets are closed, and it is not endless. */
export const isTypeGlob = (text: string): boolean => {
  try {
    picomatch.makeRe(text, { ...globOptions, strictBrackets: true })
    return true
  } catch {
    // What can't be made an expression.
    return false
  }
}

const typeMatcher = (globs: readonly string[]): ((type: string) => boolean) =>
  globs.length === 0 ? () => true : picomatch([...globs], globOptions)

/** A type is no path: `*` stands for anything, dots and slashes included. */
const globOptions = { dot: true, bash: true }

import type { ComparableState } from './comparable-state.ts'
import type { History } from './history.ts'

const DESK = ['crm.contacts', 'support.conversations', 'support.rooms', 'support.messages']

/**
 * Returns the state without the documents whose in-order end is not determined. With an undetermined customer (or the
 * invoice of one) the whole desk of its account is left out, since adoption and stand-ins reach across contacts.
 */
export const determinedPart = (state: ComparableState, history: History): ComparableState => {
  const unclearDesks = new Set(
    [...history.undetermined]
      .filter((key) => key.includes(':cus_'))
      .map((key) => key.slice(0, key.indexOf(':'))),
  )
  const isKept = (collection: string, account: unknown, id: unknown): boolean =>
    DESK.includes(collection)
      ? !unclearDesks.has(String(account))
      : !history.undetermined.has(`${String(account)}:${String(id)}`)
  return Object.fromEntries(
    Object.entries(state).map(([collection, documents]) => [
      collection,
      documents.filter(({ fields }) => isKept(collection, fields.stripe_user_id, fields.stripe_id)),
    ]),
  )
}

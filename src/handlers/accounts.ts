// What is heard of an account's connection to the platform.

import {
  ageOfConnection,
  type Connection,
  type ConnectionState,
  connectionAt,
  laterConnection,
} from '../core/connection.ts'
import type { Age } from '../core/content-register.ts'
import type { Moment } from '../core/observation.ts'
import type { UnitOfWork } from '../unit-of-work/unit-of-work.ts'

/**
 * Notes that the account lets the platform in or not: the later news wins, whatever came first. When it was cut off last
 * stays known, since what happened meanwhile wants a backfill. Returns how old the news is beside what was known.
 * @param moment of the event, or of the call that told it
 */
export const noteConnection = async (
  work: UnitOfWork,
  state: ConnectionState,
  moment: Moment,
): Promise<Age> => {
  const account = await work.accounts.get(work.account.id)
  const known = account ?? { _id: work.account.id }
  const before = connectionOf(known.connection)
  const news = connectionAt(state, moment)
  const connection = laterConnection(before, news)
  const cutOff = state === 'disconnected' ? laterOf(news.as_of, known.disconnected_at) : known.disconnected_at
  const age = ageOfConnection(before, news)
  if (account !== null && connection === before && cutOff === known.disconnected_at) return age
  work.accounts.put({ ...known, connection, ...(cutOff === undefined ? {} : { disconnected_at: cutOff }) })
  return age
}

const connectionOf = (stored: unknown): Connection | null =>
  typeof stored === 'object' && stored !== null && 'as_of' in stored && stored.as_of instanceof Date
    ? (stored as Connection) // nobody else writes the field
    : null

const laterOf = (asOf: Date, known: unknown): unknown =>
  known instanceof Date && known >= asOf ? known : asOf

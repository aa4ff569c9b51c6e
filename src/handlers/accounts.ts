// The connection of an account to the platform: https://docs.stripe.com/connect/oauth-reference

import type { Age } from '../core/content-register.ts'
import type { UnitOfWork } from '../unit-of-work/unit-of-work.ts'

/** Whether the account lets the platform in. A disconnected one gets no calls and keeps its data. */
export type ConnectionState = 'connected' | 'disconnected'

/**
 * Notes that the account lets the platform in or not: the later news wins, whatever came first. When it was cut off last
 * stays known, since what happened meanwhile wants a backfill. Returns how old the news is beside what was known.
 * @param unixSeconds when the event was created, or the call sent that was refused
 */
export const noteConnection = async (
  work: UnitOfWork,
  state: ConnectionState,
  unixSeconds: number,
): Promise<Age> => {
  const account = await work.accounts.get(work.account.id)
  const asOf = new Date(unixSeconds * 1000)
  const known = account ?? { _id: work.account.id }
  const age = ageBeside(asOf, known.connection)
  const connection = isLater({ state, asOf }, known.connection) ? { state, as_of: asOf } : known.connection
  const cutOff = state === 'disconnected' ? laterOf(asOf, known.disconnected_at) : known.disconnected_at
  if (account !== null && connection === known.connection && cutOff === known.disconnected_at) return age
  work.accounts.put({ ...known, connection, ...(cutOff === undefined ? {} : { disconnected_at: cutOff }) })
  return age
}

const laterOf = (asOf: Date, known: unknown): unknown =>
  known instanceof Date && known >= asOf ? known : asOf

// Within one second the account counts as disconnected: a call too few is mended by the next event.
const isLater = (
  { state, asOf }: { readonly state: ConnectionState; readonly asOf: Date },
  known: unknown,
): boolean => {
  const age = ageBeside(asOf, known)
  return age === 'newer' || (age === 'same_moment' && state === 'disconnected')
}

const ageBeside = (asOf: Date, known: unknown): Age => {
  if (typeof known !== 'object' || known === null || !('as_of' in known) || !(known.as_of instanceof Date))
    return 'newer'
  if (asOf.getTime() === known.as_of.getTime()) return 'same_moment'
  return asOf > known.as_of ? 'newer' : 'older'
}

// The connection of an account to the platform, as of a time: https://docs.stripe.com/connect/oauth-reference

import type { Age } from './content-register.ts'
import { dateOfMoment, type Moment } from './observation.ts'

/** Whether the account lets the platform in. A disconnected one gets no calls and keeps its data. */
export type ConnectionState = 'connected' | 'disconnected'

/** `connection` in `billing.accounts`. */
export interface Connection {
  readonly state: ConnectionState
  readonly as_of: Date
}

/** Returns what an event or a read tells. A read's date is the millisecond before its second: it loses to its events. */
export const connectionAt = (state: ConnectionState, moment: Moment): Connection => {
  const isRead = moment % 2 === 0
  return { state, as_of: new Date(dateOfMoment(moment).getTime() - (isRead ? 1 : 0)) }
}

/** Returns the later of two; of one moment the disconnection. */
export const laterConnection = (known: Connection | null, news: Connection): Connection => {
  const age = ageOfConnection(known, news)
  const wins = age === 'newer' || (age === 'same_moment' && news.state === 'disconnected')
  return known === null || wins ? news : known
}

/** Returns how old news is beside what is known. */
export const ageOfConnection = (known: Connection | null, { as_of: asOf }: Connection): Age => {
  if (known === null) return 'newer'
  if (asOf.getTime() === known.as_of.getTime()) return 'same_moment'
  return asOf > known.as_of ? 'newer' : 'older'
}

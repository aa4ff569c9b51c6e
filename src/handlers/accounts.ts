// The connection of an account to the platform: https://docs.stripe.com/connect/oauth-reference

import type { UnitOfWork } from '../unit-of-work/unit-of-work.ts'

/** Whether the account lets the platform in. A disconnected one gets no calls and keeps its data. */
export type ConnectionState = 'connected' | 'disconnected'

/**
 * Notes that the account lets the platform in or not: the later news wins, whatever came first.
 * @param unixSeconds when the event was created, or the call sent that was refused
 */
export const connectAccount = async (
  work: UnitOfWork,
  state: ConnectionState,
  unixSeconds: number,
): Promise<void> => {
  const account = await work.accounts.get(work.account.id)
  const asOf = new Date(unixSeconds * 1000)
  if (account !== null && !isLater({ state, asOf }, account.connection)) return
  work.accounts.put({ _id: work.account.id, ...account, connection: { state, as_of: asOf } })
}

// Within one second the account counts as disconnected: a call too few is mended by the next event.
const isLater = (
  { state, asOf }: { readonly state: ConnectionState; readonly asOf: Date },
  known: unknown,
): boolean => {
  if (typeof known !== 'object' || known === null || !('as_of' in known) || !(known.as_of instanceof Date))
    return true
  if (asOf.getTime() !== known.as_of.getTime()) return asOf > known.as_of
  return state === 'disconnected'
}

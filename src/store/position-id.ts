// Ids of the positions of backfills, by which they are found again. Guarantee: a list that was walked with a key of one
// mode tells nothing of the other mode's.

/** What makes two walks walks of the same list. */
export interface PositionKey {
  readonly account: string
  readonly resource: string
  /** The range as it was typed. */
  readonly typed: { readonly since: string | null; readonly until: string | null }
  /** Mode of the key; null where it does not tell. */
  readonly livemode: boolean | null
}

/** Returns the id of a position. */
export const positionId = ({ account, resource, typed, livemode }: PositionKey): string =>
  `${account}:${resource}:${typed.since ?? ''}..${typed.until ?? ''}${modeSuffix(livemode)}`

// Rows of before know no mode: those that were left unfinished are begun anew.
const modeSuffix = (livemode: boolean | null): string => {
  if (livemode === null) return ''
  return livemode ? ':live' : ':test'
}

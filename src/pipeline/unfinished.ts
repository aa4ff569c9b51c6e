// What a commit leaves to be done. New metadata of a subscription reaches all its invoices and their charges; where these
// are too many for one commit, the account's row names the subscription until later commits have reached them all.
// Guarantee: a name and what it is about are written, and taken away, in one transaction; a process that dies in between
// leaves the name, and the event that led to it unsettled.

import type { OpenAccount, Unfinished } from '../ports/pipeline-store.ts'
import type { Write } from '../unit-of-work/change-set.ts'

/** Returns the write that names more subscriptions, each from this commit on; none where there are no more. */
export const namingWrites = (
  { settings, unfinished, seq }: OpenAccount,
  deferred: ReadonlySet<string>,
): readonly Write[] => {
  if (deferred.size === 0) return []
  const others = unfinished.filter(({ subscription }) => !deferred.has(subscription))
  const named = [...deferred].map((subscription) => ({ subscription, since: seq }))
  return [rowWrite(settings.id, [...others, ...named])]
}

/** Returns the write that takes names away. */
export const clearingWrite = (
  { settings, unfinished }: OpenAccount,
  finished: readonly Unfinished[],
): Write =>
  rowWrite(
    settings.id,
    unfinished.filter((named) => !isAmong(finished, named)),
  )

/** Tells whether a subscription is named among others, since the same commit. */
export const isAmong = (all: readonly Unfinished[], { subscription, since }: Unfinished): boolean =>
  all.some((named) => named.subscription === subscription && named.since === since)

const rowWrite = (id: string, unfinished: readonly Unfinished[]): Write => ({
  kind: 'update',
  collection: 'billing.accounts',
  id,
  ...(unfinished.length > 0 ? { set: { unfinished }, unset: [] } : { set: {}, unset: ['unfinished'] }),
})

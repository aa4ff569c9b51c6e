// Joins the mending of what lists no longer show to the database and to Stripe.

import { type Instant, readClocks } from '../../clocks.ts'
import { observeRead } from '../../core/normalise.ts'
import type { ObjectKind } from '../../core/object-kinds.ts'
import type { Observation } from '../../core/observation.ts'
import { handleObservations, type ObservationHandling } from '../../pipeline/handle-observations.ts'
import type { EntryOutcome, OpenAccount, ReadObjects } from '../../ports/pipeline-store.ts'
import type { AccountTally } from '../../sources/backfill/backfill-tally.ts'
import type { Mending } from '../../sources/backfill/mend-unlisted.ts'
import type { FailedEntry } from '../../sources/backfill/object-failures.ts'
import { pinnedApiVersion } from '../../sources/stripe/api-version.ts'
import type { BackfillStripe } from './open-backfill-stripe.ts'
import type { StoredOfAccount } from './stored-of-account.ts'

export interface MendingRun extends Pick<Mending, 'insists'> {
  readonly tally: AccountTally
  readonly opened: OpenAccount
  readonly stored: StoredOfAccount
  readonly handling: ObservationHandling
  /** Reads single objects without their relatives. */
  readonly readAlone: ReadObjects
  /** Told of an object that could not be applied. */
  readonly onFailed: (entry: FailedEntry) => void
  readonly stripe: Pick<BackfillStripe, 'clock' | 'livemode'>
}

/** Returns how one account is mended. */
export const mendingOf = (run: MendingRun): Mending => {
  const { tally, opened, handling, stored, readAlone, stripe } = run
  return {
    account: tally.account,
    insists: run.insists,
    ...stored,
    readSingly: (objects) =>
      readAlone(
        opened,
        objects.map((object) => ({ ...object, afterSecond: 0 })),
      ),
    gone: goneBy(stripe),
    apply: async (resource, observations) => {
      const outcomes = await applySingly(tally.account, observations, handling)
      tally.countObjects(resource, outcomes)
      for (const [index, { failure }] of outcomes.entries())
        if (failure !== null) run.onFailed({ list: resource, id: observations[index]?.id ?? null, failure })
    },
  }
}

/** Applies what was read one by one and answers what came of each. Rejects as `handleObservations` does. */
export const applySingly = async (
  account: string,
  observations: readonly Observation[],
  handling: ObservationHandling,
): Promise<readonly EntryOutcome[]> => {
  const seen = observations.map((observation) => ({
    ...{ observation, sentAt: readClocks(), ownCommitsSince: 0 },
    isReadAgain: true as const,
  }))
  return (await handleObservations(account, { seen, positions: [], lastSeq: 0 }, handling)).outcomes
}

/** Returns what makes the observation that an object is gone, as of when it was asked for: now, unless that is given. */
export const goneBy =
  ({ clock, livemode }: Pick<BackfillStripe, 'clock' | 'livemode'>) =>
  (kind: ObjectKind, id: string, sentAt: Instant = clock.sending()): Observation =>
    observeRead(
      kind,
      { id, object: kind, deleted: true },
      {
        ...{ seq: 0, unixSeconds: clock.secondOf(sentAt, null), apiVersion: pinnedApiVersion },
        ...{ livemode, source: 'backfill', single: true },
      },
    )

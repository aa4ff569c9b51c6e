// From pages to the pipeline: what a walk read becomes one batch of reads, with the positions that it brings forward.

import { handleObservations, type ObservationHandling } from '../pipeline/handle-observations.ts'
import type { SeenObject } from '../pipeline/observe-batch.ts'
import type { EntryOutcome } from '../ports/pipeline-store.ts'
import type { PageBatch, PageCommit } from '../sources/backfill/commit-lane.ts'
import type { WalkedPage } from '../sources/backfill/walk.ts'
import type { AccountPositions } from './open-positions.ts'

export interface PageCommits extends Pick<AccountPositions, 'updatesOf'> {
  readonly account: string
  readonly handling: ObservationHandling
}

/** Commits pages as one batch. Rejects as `handleObservations` does. */
export const commitPages = async (
  { pages, lastSeq, commits }: PageBatch,
  { account, handling, updatesOf }: PageCommits,
): Promise<PageCommit> => {
  const seen = pages.flatMap((page) => seenIn(page, commits))
  // Of several pages of one list the last one's position counts for all of them.
  const positions = updatesOf(new Map(pages.map(({ list, position }) => [list, position])))
  const handled = await handleObservations(account, { seen, positions, lastSeq }, handling)
  return { ...handled, outcomes: outcomesByPage(pages, handled.outcomes) }
}

const seenIn = (
  { observations, carried, sentAt, commitsBefore }: WalkedPage,
  commits: number,
): readonly SeenObject[] =>
  [...observations, ...carried].map((observation) => ({
    observation,
    sentAt,
    ownCommitsSince: commits - commitsBefore,
  }))

const outcomesByPage = (
  pages: readonly WalkedPage[],
  outcomes: readonly EntryOutcome[],
): readonly (readonly EntryOutcome[])[] => {
  let place = 0
  return pages.map(({ observations, carried }) => {
    const own = outcomes.slice(place, place + observations.length)
    place += observations.length + carried.length
    return own
  })
}

// From pages to the pipeline: what a walk read becomes one batch of reads, with the positions that it brings forward.

import { handleObservations, type ObservationHandling } from '../../pipeline/handle-observations.ts'
import { type FoldedBatch, foldBatch, type SeenObject, seqAfter } from '../../pipeline/observe-batch.ts'
import type { EntryOutcome } from '../../ports/pipeline-store.ts'
import type { FoldedPages, PageBatch } from '../../sources/backfill/commit-lane.ts'
import type { ListName } from '../../sources/backfill/resources.ts'
import type { WalkedPage } from '../../sources/backfill/walk.ts'
import type { AccountPositions, ReachedPosition } from './open-positions.ts'

export interface PageCommits extends Pick<AccountPositions, 'updatesOf'> {
  readonly account: string
  readonly handling: ObservationHandling
  /** False where commits write nothing: a dry run forgets what it has read with each batch that it opens. */
  readonly foldsAhead: boolean
}

/** Pages folded into one batch; what was folded is for the pipeline alone. */
export interface PipelinePages extends FoldedPages {
  readonly folded: FoldedBatch | null
}

/**
 * Folds pages into one batch, whose commit rejects as `handleObservations` does. Never rejects.
 * @param earlier pages whose commit is under way; null: none is
 */
export const foldPages = async (
  batch: PageBatch,
  earlier: PipelinePages | null,
  { account, handling, updatesOf, foldsAhead }: PageCommits,
): Promise<PipelinePages> => {
  const { pages, lastSeq, commits, isCrowded } = batch
  const seen = pages.flatMap((page) => seenIn(page, commits))
  const positions = updatesOf(reachedBy(pages))
  const after = earlier?.folded ?? undefined
  // What it meets is met again by the commit, and told there. Beside others it is folded once the account is held for it.
  const result = isCrowded
    ? null
    : await foldBatch(account, { seen, positions }, handling, after).catch(() => null)
  const folded = result?.kind === 'folded' ? result : null
  return {
    folded,
    seq: folded === null || folded.result.defers || !foldsAhead ? null : seqAfter(folded),
    commit: async () => {
      const handled = await handleObservations(
        account,
        { seen, positions, lastSeq, isCrowded },
        handling,
        folded,
      )
      return { ...handled, outcomes: outcomesByPage(pages, handled.outcomes) }
    },
  }
}

// Of several pages of one list the last one's position counts for all of them.
const reachedBy = (pages: readonly WalkedPage[]): ReadonlyMap<ListName, ReachedPosition> => {
  const reached = new Map<ListName, ReachedPosition>()
  for (const { list, position, invalid } of pages)
    reached.set(list, { position, failed: invalid + (reached.get(list)?.failed ?? 0) })
  return reached
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
    const begin = place
    place += observations.length + carried.length
    return outcomes.slice(begin, place)
  })
}

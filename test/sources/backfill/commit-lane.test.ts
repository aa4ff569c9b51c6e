import { expect, test } from 'vitest'
import { BillingSyncError } from '../../../src/errors.ts'
import { CommitLane, type PageBatch, type PageCommit } from '../../../src/sources/backfill/commit-lane.ts'
import type { WalkedPage } from '../../../src/sources/backfill/walk.ts'
import { observed } from '../../support/observed.ts'

const page = (objects: number, giveBack: () => void = () => undefined): WalkedPage => ({
  ...{ list: 'customers', carried: [], invalid: 0, sentAt: new Date(), commitsBefore: 0, position: [] },
  observations: Array.from({ length: objects }, (_, index) => observed({ at: 1, id: `cus_${index}` })),
  giveBack,
})

const committed = ({ pages, lastSeq }: PageBatch, hadOthers = false): PageCommit => ({
  outcomes: pages.map(() => []),
  ...{ seq: lastSeq + 1, commits: 1, hadOthers },
})

test('pages are committed in their order, with what the lane left behind', async () => {
  const batches: PageBatch[] = []
  const commit = async (batch: PageBatch) => {
    batches.push(batch)
    return committed(batch)
  }
  const seen: WalkedPage[] = []
  const lane = new CommitLane({ seq: 7, commit, onCommitted: (one) => seen.push(one) })
  const pages = [page(100), page(500), page(1)]
  for (const one of pages) await lane.take(one)
  await lane.drain()
  expect(seen).toEqual(pages)
  expect(batches.map(({ lastSeq, commits }) => [lastSeq, commits])).toEqual(batches.map((_, n) => [7 + n, n]))
  expect(lane.seqNow()).toEqual({ seq: 7 + batches.length, commits: batches.length })
})

test('a batch holds small pages together, and a large one alone', async () => {
  const sizes: number[][] = []
  const commit = async (batch: PageBatch) => {
    sizes.push(batch.pages.map(({ observations }) => observations.length))
    return committed(batch)
  }
  const lane = new CommitLane({ seq: 0, commit, onCommitted: () => undefined })
  for (const objects of [100, 100, 100, 1_000, 10]) void lane.take(page(objects))
  await lane.drain()
  expect(sizes).toEqual([[100, 100], [100], [1_000], [10]])
})

test('every page gives its room back, whatever the commit ends with', async () => {
  let given = 0
  const commit = async () => {
    throw new BillingSyncError('backfill_superseded', { account: 'acct_1' })
  }
  const lane = new CommitLane({ seq: 0, commit, onCommitted: () => undefined })
  const take = () =>
    lane.take(
      page(200, () => {
        given += 1
      }),
    )
  void take()
  void take()
  await expect(lane.drain()).rejects.toMatchObject({ code: 'backfill_superseded' })
  expect(given).toBe(2)
  await expect(take()).rejects.toMatchObject({ code: 'backfill_superseded' })
})

test('where another writer shows, the lane pauses as long as it took', async () => {
  const times: number[] = []
  const commit = async (batch: PageBatch) => {
    times.push(performance.now())
    await new Promise((resolve) => setTimeout(resolve, 60))
    return committed(batch, true)
  }
  const lane = new CommitLane({ seq: 0, commit, onCommitted: () => undefined })
  void lane.take(page(200))
  void lane.take(page(200))
  await lane.drain()
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(110)
})

import { expect, test } from 'vitest'
import { readClocks } from '../../../src/clocks.ts'
import { BillingSyncError } from '../../../src/errors.ts'
import {
  CommitLane,
  type FoldedPages,
  type PageBatch,
  type PageCommit,
} from '../../../src/sources/backfill/commit-lane.ts'
import type { WalkedPage } from '../../../src/sources/backfill/walk.ts'
import { observed } from '../../support/observed.ts'
import { until } from '../../support/until.ts'

const page = (objects: number, giveBack: () => void = () => undefined): WalkedPage => ({
  ...{ list: 'customers', until: 1, from: 1, carried: [], invalid: 0 },
  ...{ sentAt: readClocks(), commitsBefore: 0, position: [] },
  observations: Array.from({ length: objects }, (_, index) => observed({ at: 1, id: `cus_${index}` })),
  giveBack,
})

const committed = ({ pages, lastSeq }: PageBatch, hadOthers = false): PageCommit => ({
  outcomes: pages.map(() => []),
  ...{ seq: lastSeq + 1, commits: 1, hadOthers, asFolded: !hadOthers },
})

const isWorkedOn = async () => false

/** Folds to batches that are committed so. */
const folding =
  (commit: (batch: PageBatch) => Promise<PageCommit>) =>
  async (batch: PageBatch): Promise<FoldedPages> => ({
    seq: batch.lastSeq + 1,
    commit: () => commit(batch),
  })

test('pages are committed in their order, with what the lane left behind', async () => {
  const batches: PageBatch[] = []
  const commit = async (batch: PageBatch) => {
    batches.push(batch)
    return committed(batch)
  }
  const seen: WalkedPage[] = []
  const lane = new CommitLane({
    seq: 7,
    fold: folding(commit),
    onCommitted: (one) => seen.push(one),
    isWorkedOn,
  })
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
  const lane = new CommitLane({ seq: 0, fold: folding(commit), onCommitted: () => undefined, isWorkedOn })
  for (const objects of [50, 50, 50, 1_000, 10]) void lane.take(page(objects))
  await lane.drain()
  expect(sizes).toEqual([[50, 50], [50], [1_000], [10]])
})

test('every page gives its room back, whatever the commit ends with', async () => {
  let given = 0
  const commit = async () => {
    throw new BillingSyncError('backfill_superseded', { account: 'acct_1' })
  }
  const lane = new CommitLane({ seq: 0, fold: folding(commit), onCommitted: () => undefined, isWorkedOn })
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

/** A lane whose commits wait to be let go of, with what it folded: each batch's pages, number and what it came after. */
const openHeld = (outcome: (batch: PageBatch) => PageCommit) => {
  const folds: {
    readonly objects: readonly number[]
    readonly lastSeq: number
    readonly after: number | null
  }[] = []
  const held: (() => void)[] = []
  const done: number[] = []
  const lane = new CommitLane({
    seq: 0,
    fold: async (batch, earlier: FoldedPages | null) => {
      const objects = batch.pages.map(({ observations }) => observations.length)
      folds.push({ objects, lastSeq: batch.lastSeq, after: earlier?.seq ?? null })
      return {
        seq: batch.lastSeq + 1,
        commit: async () => {
          await new Promise<void>((resolve) => held.push(resolve))
          return outcome(batch)
        },
      }
    },
    onCommitted: ({ observations }) => done.push(observations.length),
    isWorkedOn,
  })
  const letGo = async (): Promise<void> => {
    await until(() => held.length > 0, 'a commit under way')
    held.shift()?.()
  }
  return { lane, folds, done, letGo }
}

test('a lane that is alone folds the next batch while one is committed', async () => {
  const { lane, folds, done, letGo } = openHeld(committed)
  for (let objects = 301; objects <= 307; objects += 1) void lane.take(page(objects))
  for (let count = 0; count < 5; count += 1) await letGo()
  await until(() => folds.length === 7, 'the seventh batch')
  expect(done).toHaveLength(5)
  expect(folds.slice(4)).toEqual([
    { objects: [305], lastSeq: 4, after: null },
    { objects: [306], lastSeq: 5, after: null },
    { objects: [307], lastSeq: 6, after: 6 },
  ])
  await letGo()
  await letGo()
  await lane.drain()
  expect(done).toEqual([301, 302, 303, 304, 305, 306, 307])
})

test.each([
  ['another outcome', { hadOthers: false, asFolded: false }],
  ["others' commits", { hadOthers: true, asFolded: true }],
])('what was folded ahead of %s is folded again, before what comes after it', async (_what, told) => {
  const outcome = (batch: PageBatch): PageCommit =>
    batch.lastSeq === 5 ? { ...committed(batch), seq: 9, ...told } : committed(batch)
  const { lane, folds, done, letGo } = openHeld(outcome)
  for (let objects = 301; objects <= 308; objects += 1) void lane.take(page(objects))
  for (let count = 0; count < 8; count += 1) await letGo()
  await lane.drain()
  expect(folds.slice(6, 8)).toEqual([
    { objects: [307], lastSeq: 6, after: 6 },
    { objects: [307], lastSeq: 9, after: null },
  ])
  expect(done).toEqual([301, 302, 303, 304, 305, 306, 307, 308])
})

test('beside others each batch has the account held for it, until they have been quiet', async () => {
  const crowded: boolean[] = []
  const fold = async (batch: PageBatch): Promise<FoldedPages> => {
    crowded.push(batch.isCrowded)
    return { seq: null, commit: async () => committed(batch, crowded.length === 2) }
  }
  const lane = new CommitLane({ seq: 0, fold, onCommitted: () => undefined, isWorkedOn })
  for (let count = 0; count < 10; count += 1) void lane.take(page(1_000))
  await lane.drain()
  expect(crowded).toEqual([false, false, true, true, true, true, true, false, false, false])
})

test('a worker that is at the events counts as another writer before it has committed', async () => {
  const crowded: boolean[] = []
  const fold = async (batch: PageBatch): Promise<FoldedPages> => {
    crowded.push(batch.isCrowded)
    return { seq: null, commit: async () => committed(batch) }
  }
  const isAtWork = async () => crowded.length === 7
  const lane = new CommitLane({ seq: 0, fold, onCommitted: () => undefined, isWorkedOn: isAtWork })
  for (let count = 0; count < 9; count += 1) void lane.take(page(1_000))
  await lane.drain()
  expect(crowded.slice(6)).toEqual([false, true, true])
})

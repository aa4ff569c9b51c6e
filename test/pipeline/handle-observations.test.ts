import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { observeRead } from '../../src/core/normalise.ts'
import { handleObservations } from '../../src/pipeline/handle-observations.ts'
import type { SeenObject } from '../../src/pipeline/observe-batch.ts'
import type { Commit, PipelineStore, PositionUpdate } from '../../src/ports/pipeline-store.ts'
import { MemoryStore } from '../support/memory-store.ts'

const account = 'acct_1'

const products = (count: number, name = 'Product'): readonly SeenObject[] =>
  Array.from({ length: count }, (_, index) => ({
    observation: observeRead(
      'product',
      { id: `prod_${index}`, object: 'product', name: `${name} ${index}` },
      {
        ...{ unixSeconds: 1_800_000_000, seq: 0, apiVersion: '2026-10-28.endive', livemode: false },
        ...{ source: 'backfill', single: false },
      },
    ),
    ...{ sentAt: new Date(), ownCommitsSince: 0 },
  }))

const positions: readonly PositionUpdate[] = [{ id: `${account}:products`, token: 'run', windows: [] }]

/** Handles products; answers what became of it and each commit tried, with when it began. */
const handle = async (
  {
    count,
    isCrowded = false,
    seen = products(count),
  }: {
    readonly count: number
    readonly isCrowded?: boolean
    readonly seen?: readonly SeenObject[]
  },
  {
    takesMs = 0,
    loses = 0,
    heldByOthersMs = 0,
  }: { readonly takesMs?: number; readonly loses?: number; readonly heldByOthersMs?: number } = {},
) => {
  const memory = new MemoryStore([])
  const tried: { readonly objects: number; readonly positions: number; readonly atMs: number }[] = []
  const freeAtMs = performance.now() + heldByOthersMs
  const store: PipelineStore = {
    hold: async () => (performance.now() < freeAtMs ? null : { store, release: () => Promise.resolve() }),
    openAccount: (id) => memory.openAccount(id),
    commit: async (commit: Commit) => {
      tried.push({
        objects: commit.writes.length,
        positions: commit.positions?.length ?? 0,
        atMs: performance.now(),
      })
      await wait(takesMs)
      return tried.length > loses && memory.commit(commit)
    },
  }
  const handled = await handleObservations(
    account,
    { seen, positions, lastSeq: 0, isCrowded },
    {
      ...{ store, effects: 'none', now: () => new Date(), random: () => 0.5 },
      readObjects: () => Promise.reject(new TypeError('nothing is read again here')),
      onLostCommit: () => undefined,
    },
  )
  return { handled, tried, stored: memory.dump()['billing.products']?.length }
}

test('alone a batch is one commit', async () => {
  const { handled, tried, stored } = await handle({ count: 50 })
  expect(tried).toMatchObject([{ objects: 50, positions: 1 }])
  expect(handled).toMatchObject({ seq: 1, commits: 1, hadOthers: false })
  expect(stored).toBe(50)
})

test('beside others it is several, of which the last moves the position', async () => {
  const { handled, tried, stored } = await handle({ count: 50, isCrowded: true })
  expect(tried).toMatchObject([
    ...Array.from({ length: 4 }, () => ({ objects: 12, positions: 0 })),
    { objects: 2, positions: 1 },
  ])
  expect(handled).toMatchObject({ seq: 5, commits: 5, hadOthers: false })
  expect(handled.outcomes).toHaveLength(50)
  expect(stored).toBe(50)
})

test('beside others the account is left to them for six times as long as each commit took', async () => {
  const { tried } = await handle({ count: 20, isCrowded: true }, { takesMs: 20 })
  const [first, second] = tried.map(({ atMs }) => atMs)
  expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(130)
})

test('what an earlier part has written overtakes no later one', async () => {
  const seen = [...products(12), ...products(1, 'The same product')]
  const { handled, tried } = await handle({ count: 13, isCrowded: true, seen })
  expect(handled.outcomes.filter(({ failure }) => failure !== null)).toEqual([])
  expect(tried.length).toBeGreaterThan(1)
})

test('the wait for an account that others hold is no reason to leave it alone', async () => {
  const started = performance.now()
  await handle({ count: 2, isCrowded: true }, { heldByOthersMs: 500 })
  expect(performance.now() - started).toBeLessThan(1_500)
})

test('a large batch that is lost once goes on in small parts', async () => {
  const { handled, tried, stored } = await handle({ count: 50 }, { loses: 1 })
  expect(tried.map(({ objects }) => objects)).toEqual([50, 12, 12, 12, 12, 2])
  expect(handled.outcomes).toHaveLength(50)
  expect(stored).toBe(50)
})

test('a position moves without any object, too', async () => {
  const { handled, tried } = await handle({ count: 0, isCrowded: true })
  expect(tried).toMatchObject([{ objects: 0, positions: 1 }])
  expect(handled).toMatchObject({ outcomes: [], commits: 1 })
})

import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { readClocks } from '../../src/clocks.ts'
import { observeRead } from '../../src/core/normalise.ts'
import { BillingSyncError } from '../../src/errors.ts'
import { handleObservations } from '../../src/pipeline/handle-observations.ts'
import type { SeenObject } from '../../src/pipeline/observe-batch.ts'
import {
  type Commit,
  type PipelineStore,
  type PositionUpdate,
  readKey,
} from '../../src/ports/pipeline-store.ts'
import { leastMsOf } from '../support/least-time.ts'
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
    ...{ sentAt: readClocks(), ownCommitsSince: 0 },
  }))

const positions: readonly PositionUpdate[] = [
  { id: `${account}:products`, token: 'run', windows: [], kind: 'product', failed: 0 },
]

/** How long trouble that passes is waited out here, in milliseconds. */
const patienceMs = 1_500

/** A commit, or what was to be one. */
interface Tried {
  readonly objects: number
  readonly positions: number
  /** Objects that the positions count as failed. */
  readonly failed: readonly number[]
  /** How often the account had been read. */
  readonly reads: number
  readonly atMs: number
}

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
    isHoldable = true,
    refuses = '',
    refusal = new BillingSyncError('payload_unstorable', { problem: 'it is too large' }),
    tooSlowAfter = Number.POSITIVE_INFINITY,
    restSignal = new AbortController().signal,
    tried = [],
  }: {
    readonly takesMs?: number
    readonly loses?: number
    readonly heldByOthersMs?: number
    readonly isHoldable?: boolean
    /** Name of a product that the store does not take. */
    readonly refuses?: string
    /** What it says then. */
    readonly refusal?: BillingSyncError
    /** Commits after which MongoDB ends all others for the time they take. */
    readonly tooSlowAfter?: number
    readonly restSignal?: AbortSignal
    readonly tried?: Tried[]
  } = {},
) => {
  const memory = new MemoryStore([])
  let reads = 0
  const freeAtMs = performance.now() + heldByOthersMs
  const hold = async () => (performance.now() < freeAtMs ? null : { store, release: () => Promise.resolve() })
  const store: PipelineStore = {
    ...(isHoldable ? { hold } : {}),
    openAccount: (id) => {
      reads += 1
      return memory.openAccount(id)
    },
    commit: async (commit: Commit) => {
      tried.push({
        reads,
        objects: commit.writes.length,
        positions: commit.positions?.length ?? 0,
        failed: commit.positions?.map(({ failed }) => failed) ?? [],
        atMs: performance.now(),
      })
      await wait(takesMs)
      if (commit.writes.some((write) => 'document' in write && write.document.name === refuses)) throw refusal
      if (tried.length > tooSlowAfter) throw new BillingSyncError('commit_too_slow')
      return tried.length > loses && memory.commit(commit)
    },
  }
  const handled = await handleObservations(
    account,
    { seen, positions, lastSeq: 0, isCrowded },
    {
      ...{ store, effects: 'none', now: () => new Date(), random: () => 0.5, patienceMs },
      readObjects: () => Promise.reject(new TypeError('nothing is read again here')),
      onLostCommit: () => undefined,
      restSignal,
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

describe('what could not be stored is counted in the position that passes it by', () => {
  // JSON can tell such a number too: `1e999`.
  const unstorable = products(30).map((one, index) =>
    index === 3 ? { ...one, observation: { ...one.observation, content: { amount: Infinity } } } : one,
  )

  test.each([false, true])('where it is known before the commit, beside others: %s', async (isCrowded) => {
    const { handled, tried } = await handle({ count: 30, isCrowded, seen: unstorable })
    expect(handled.outcomes.filter(({ outcome }) => outcome === 'failed')).toHaveLength(1)
    expect(tried.flatMap(({ failed }) => failed)).toEqual([1])
  })

  test.each(['Product 3', 'Product 29'])('where the store refuses it: %s', async (refuses) => {
    const { handled, tried } = await handle({ count: 30 }, { refuses })
    expect(handled.outcomes.filter(({ outcome }) => outcome === 'failed')).toHaveLength(1)
    expect(tried.at(-1)?.failed).toEqual([1])
  })

  test('where a validator that others have set refuses it', async () => {
    const refusal = new BillingSyncError('document_refused', { collection: 'billing.products' })
    const { handled } = await handle({ count: 30 }, { refuses: 'Product 3', refusal })
    expect(handled.outcomes.filter(({ outcome }) => outcome === 'failed')).toHaveLength(1)
  })

  test('where it could not be read again', async () => {
    const { seen, tried, store } = await overtaken()
    const batch = { seen, positions, lastSeq: 0 }
    const failure = { code: 'stripe_refused', message: 'no' }
    await handleObservations(account, batch, {
      ...{ ...answering, store },
      readObjects: async (_, requests) =>
        new Map(requests.map((request) => [readKey(request), { kind: 'refused', failure } as const])),
    })
    expect(tried.flatMap(({ positions: saved = [] }) => saved.map(({ failed }) => failed))).toEqual([3])
  })
})

/** Products, a store in which somebody else has written them since they were read, and what is committed to it from then on. */
const overtaken = async () => {
  const seen = products(3)
  const memory = new MemoryStore([])
  const theirs = { seen: products(3, 'Theirs'), positions: [], lastSeq: 0 }
  await handleObservations(account, theirs, {
    ...{ ...answering, store: memory },
    readObjects: async () => new Map(),
  })
  const tried: Commit[] = []
  const store: PipelineStore = {
    openAccount: (id) => memory.openAccount(id),
    commit: (commit) => {
      tried.push(commit)
      return memory.commit(commit)
    },
  }
  return { seen, memory, store, tried }
}

const answering = {
  ...{ now: () => new Date(), random: () => 0.5, patienceMs: 100, onLostCommit: () => undefined },
  effects: 'none' as const,
}

test('beside others the account is left to them for six times as long as each commit took', async () => {
  const { handled, tried } = await handle({ count: 20, isCrowded: true }, { takesMs: 20 })
  const [first, second] = tried.map(({ atMs }) => atMs)
  expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(130)
  // Whoever has parts within his parts does not rest for them again.
  expect(handled.attemptMs).toBe(0)
})

test('what an earlier part has written overtakes no later one', async () => {
  const seen = [...products(12), ...products(1, 'The same product')]
  const { handled, tried } = await handle({ count: 13, isCrowded: true, seen })
  expect(handled.outcomes.filter(({ failure }) => failure !== null)).toEqual([])
  expect(tried.length).toBeGreaterThan(1)
})

test('the wait for an account that others hold is no reason to leave it alone', async () => {
  const waiting = () => handle({ count: 2, isCrowded: true }, { heldByOthersMs: 500 })
  expect(await leastMsOf(waiting, 1_500)).toBeLessThan(1_500)
})

test('a large batch that is lost once goes on in small parts', async () => {
  const { handled, tried, stored } = await handle({ count: 50 }, { loses: 1 })
  expect(tried.map(({ objects }) => objects)).toEqual([50, 12, 12, 12, 12, 2])
  expect(handled.outcomes).toHaveLength(50)
  expect(stored).toBe(50)
})

test('parts that were committed are not made again for the trouble of one', async () => {
  const tried: Tried[] = []
  const running = handle({ count: 13 }, { loses: 1, tooSlowAfter: 2, tried })
  await expect(running).rejects.toMatchObject({ code: 'commit_too_slow' })
  expect(tried.slice(0, 3).map(({ objects }) => objects)).toEqual([13, 12, 1])
  expect(tried.map(({ reads }) => reads)).toEqual(tried.map((_, index) => index + 1))
})

test('what was read again is not read once more for the trouble of its commit', async () => {
  const { seen, memory } = await overtaken()
  const batch = { seen, positions, lastSeq: 0 }
  let reads = 0
  const store: PipelineStore = {
    openAccount: (id) => memory.openAccount(id),
    commit: () => Promise.reject(new BillingSyncError('commit_too_slow')),
  }
  const running = handleObservations(account, batch, {
    ...{ ...answering, store },
    readObjects: async (_, requests) => {
      reads += 1
      return new Map(requests.map((request) => [readKey(request), { kind: 'missing' } as const]))
    },
  })
  await expect(running).rejects.toMatchObject({ code: 'commit_too_slow' })
  expect(reads).toBe(1)
})

test('what a signal kept from being read again is no failure, and its position stays', async () => {
  const { seen, memory } = await overtaken()
  const commits: Commit[] = []
  const store: PipelineStore = {
    openAccount: (id) => memory.openAccount(id),
    commit: async (commit) => {
      commits.push(commit)
      return true
    },
  }
  const failure = { code: 'stripe_unavailable', message: 'Stripe does not answer' }
  const cutOff = { kind: 'waiting', failure, isCutOff: true } as const
  const running = handleObservations(
    account,
    { seen, positions, lastSeq: 0 },
    {
      ...{ ...answering, store },
      readObjects: async (_, requests) => new Map(requests.map((request) => [readKey(request), cutOff])),
    },
  )
  await expect(running).rejects.toMatchObject({ code: 'account_incomplete' })
  expect(commits).toEqual([])
})

test('where nobody can be kept waiting a batch is one commit beside others, too', async () => {
  const { tried } = await handle({ count: 50, isCrowded: true }, { isHoldable: false })
  expect(tried.map(({ objects }) => objects)).toEqual([50])
})

test('a rest has an end, and ends with the signal', async () => {
  const resting = () => handle({ count: 24, isCrowded: true }, { takesMs: 400 })
  expect(await leastMsOf(resting, 4_000)).toBeLessThan(4_000)
  const ended = { takesMs: 100, restSignal: AbortSignal.abort() }
  expect(await leastMsOf(() => handle({ count: 24, isCrowded: true }, ended), 700)).toBeLessThan(700)
})

test('a position moves without any object, too', async () => {
  const { handled, tried } = await handle({ count: 0, isCrowded: true })
  expect(tried).toMatchObject([{ objects: 0, positions: 1 }])
  expect(handled).toMatchObject({ outcomes: [], commits: 1 })
})

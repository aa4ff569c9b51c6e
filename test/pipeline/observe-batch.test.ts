import { describe, expect, test } from 'vitest'
import { readClocks } from '../../src/clocks.ts'
import { observeRead } from '../../src/core/normalise.ts'
import type { Observation } from '../../src/core/observation.ts'
import { handleObservations } from '../../src/pipeline/handle-observations.ts'
import {
  commitFolded,
  type FoldedBatch,
  foldBatch,
  observeBatch,
  type SeenObject,
} from '../../src/pipeline/observe-batch.ts'
import type { ReadObjects } from '../../src/ports/pipeline-store.ts'
import type { Write } from '../../src/unit-of-work/change-set.ts'
import { MemoryStore } from '../support/memory-store.ts'

const account = 'acct_1'
const second = 1_800_000_000

/** A product as a read that was sent in a second, at a commit of the account, shows it. */
const productAt = (name: string, unixSeconds: number, seq: number): Observation =>
  observeRead(
    'product',
    { id: 'tea', object: 'product', name },
    {
      ...{
        unixSeconds,
        seq,
        apiVersion: '2026-10-28.endive',
        livemode: false,
        source: 'backfill',
        single: false,
      },
    },
  )

const seen = (observation: Observation, rest: Partial<SeenObject> = {}): SeenObject => ({
  ...{ observation, sentAt: readClocks(), ownCommitsSince: 0 },
  ...rest,
})

const optionsOf = (store: MemoryStore) => ({ store, effects: 'none' as const, now: () => new Date() })

/**
 * A store in which somebody else has written the product after a page was asked for.
 * @param clockSetMs how far this machine's clock was set in between, before it was written
 */
const overtakenStore = async (clockSetMs = 0) => {
  const store = new MemoryStore([])
  const { wallMs, steadyMs } = readClocks()
  const sentAt = { wallMs: wallMs - 1_000 - clockSetMs, steadyMs: steadyMs - 1_000 }
  const other = { seen: [seen(productAt('Theirs', second, 0))], positions: [] }
  await observeBatch(account, other, optionsOf(store))
  return { store, page: seen(productAt('Page', second + 5, 0), { sentAt }) }
}

const nameIn = (store: MemoryStore) => store.dump()['billing.products']?.[0]?.name

test.each([
  ['', 0],
  [' after the clock was set back', -3_600_000],
  [' after the clock was set forward', 3_600_000],
])('a document written since the page was asked for%s is not overwritten', async (_, clockSetMs) => {
  const { store, page } = await overtakenStore(clockSetMs)
  const result = await observeBatch(account, { seen: [page], positions: [] }, optionsOf(store))
  expect(result).toEqual({ kind: 'overtaken', objects: [{ kind: 'product', id: 'tea' }] })
  expect(nameIn(store)).toBe('Theirs')
})

test('what this very writer committed since does not count', async () => {
  const { store, page } = await overtakenStore()
  const own = { ...page, ownCommitsSince: 1 }
  const result = await observeBatch(account, { seen: [own], positions: [] }, optionsOf(store))
  expect(result).toMatchObject({
    kind: 'committed',
    outcomes: [{ outcome: 'applied' }],
    seqBefore: 1,
    seq: 2,
  })
  expect(nameIn(store)).toBe('Page')
})

test('a page that says the same is no reason to read once more', async () => {
  const { store, page } = await overtakenStore()
  const same = { ...page, observation: productAt('Theirs', second + 5, 0) }
  const result = await observeBatch(account, { seen: [same], positions: [] }, optionsOf(store))
  expect(result).toMatchObject({ kind: 'committed', outcomes: [{ outcome: 'unchanged' }] })
})

const handlingOf = (store: MemoryStore, readObjects: ReadObjects) => ({
  ...{ ...optionsOf(store), readObjects },
  ...{ random: () => 0, onLostCommit: () => undefined },
})

test('what was overtaken is read once more, and that is applied', async () => {
  const { store, page } = await overtakenStore()
  const readObjects: ReadObjects = async (opened) =>
    new Map([['product:tea', { kind: 'seen', observations: [productAt('Now', second + 6, opened.seq)] }]])
  const batch = { seen: [page], positions: [], lastSeq: 0 }
  const handled = await handleObservations(account, batch, handlingOf(store, readObjects))
  expect(handled).toMatchObject({ outcomes: [{ outcome: 'applied' }], hadOthers: true, seq: 2, commits: 1 })
  expect(nameIn(store)).toBe('Now')
})

test('what is gone when it is read once more leaves the document as it is', async () => {
  const { store, page } = await overtakenStore()
  const readObjects: ReadObjects = async () => new Map([['product:tea', { kind: 'missing' }]])
  const batch = { seen: [page], positions: [], lastSeq: 0 }
  const handled = await handleObservations(account, batch, handlingOf(store, readObjects))
  expect(handled.outcomes).toEqual([{ outcome: 'unchanged', failure: null }])
  expect(nameIn(store)).toBe('Theirs')
})

describe('a batch that is folded while another is committed', () => {
  const first = { seen: [seen(productAt('First', second, 0))], positions: [] }
  const next = { seen: [seen(productAt('Next', second + 5, 0), { ownCommitsSince: 1 })], positions: [] }

  const foldBoth = async (store: MemoryStore) => {
    const options = { ...optionsOf(store), now: () => new Date(Date.now() - 1_000) }
    const earlier = (await foldBatch(account, first, options)) as FoldedBatch // nothing is stored that could overtake it
    const later = (await foldBatch(account, next, optionsOf(store), earlier)) as FoldedBatch // the same
    return { earlier, later }
  }

  test('takes what that one writes for stored', async () => {
    const store = new MemoryStore([])
    const { earlier, later } = await foldBoth(store)
    const [made] = earlier.commit?.writes ?? []
    expect(later.commit).toMatchObject({
      seq: (earlier.commit?.seq ?? 0) + 1,
      writes: [{ kind: 'replace', document: { name: 'Next' } }],
      notices: [{ kind: 'product.updated' }],
    })
    expect(createdAt(later.commit?.writes[0])).toEqual(createdAt(made))
    for (const folded of [earlier, later]) await commitFolded(folded, { store })
    expect(nameIn(store)).toBe('Next')
  })

  test('is not committed where that one was not', async () => {
    const store = new MemoryStore([])
    const { later } = await foldBoth(store)
    expect(await commitFolded(later, { store })).toBeNull()
    expect(nameIn(store)).toBeUndefined()
  })

  test('is told to have been made anew where its own commit was lost', async () => {
    const store = new MemoryStore([])
    const { later } = await foldBoth(store)
    const options = {
      ...{ ...optionsOf(store), random: () => 0, onLostCommit: () => undefined },
      readObjects: async () => new Map(),
    }
    const handled = await handleObservations(account, { ...next, lastSeq: 1 }, options, later)
    expect(handled).toMatchObject({ asFolded: false, outcomes: [{ outcome: 'applied' }] })
    expect(nameIn(store)).toBe('Next')
  })
})

const createdAt = (write: Write | undefined): unknown =>
  write?.kind === 'replace' || write?.kind === 'insert'
    ? (write.document.sync as { created_at: unknown }).created_at // documentOf writes it
    : undefined

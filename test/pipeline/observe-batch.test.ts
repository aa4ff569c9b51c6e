import { expect, test } from 'vitest'
import { observeRead } from '../../src/core/normalise.ts'
import type { Observation } from '../../src/core/observation.ts'
import { handleObservations } from '../../src/pipeline/handle-observations.ts'
import { observeBatch, type SeenObject } from '../../src/pipeline/observe-batch.ts'
import type { ReadObjects } from '../../src/ports/pipeline-store.ts'
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
  ...{ observation, sentAt: new Date(), ownCommitsSince: 0 },
  ...rest,
})

const optionsOf = (store: MemoryStore) => ({ store, effects: 'none' as const, now: () => new Date() })

/** A store in which somebody else has written the product after a page was asked for. */
const overtakenStore = async () => {
  const store = new MemoryStore([])
  const sentAt = new Date(Date.now() - 1_000)
  const other = { seen: [seen(productAt('Theirs', second, 0))], positions: [] }
  await observeBatch(account, other, optionsOf(store))
  return { store, page: seen(productAt('Page', second + 5, 0), { sentAt }) }
}

const nameIn = (store: MemoryStore) => store.dump()['billing.products']?.[0]?.name

test('a document written since the page was asked for is not overwritten', async () => {
  const { store, page } = await overtakenStore()
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

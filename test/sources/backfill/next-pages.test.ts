import { expect, test } from 'vitest'
import { readClocks } from '../../../src/clocks.ts'
import { nextPages } from '../../../src/sources/backfill/next-pages.ts'
import type { ListName } from '../../../src/sources/backfill/resources.ts'
import type { WalkedPage } from '../../../src/sources/backfill/walk.ts'
import { firstWindow } from '../../../src/sources/backfill/windows.ts'
import { observed } from '../../support/observed.ts'

const lists: Readonly<Record<string, ListName>> = {
  ...{ cus: 'customers', sub: 'subscriptions', in: 'invoices', ch: 'charges', pay: 'invoice_payments' },
  ...{ prod: 'products', re: 'refunds', dp: 'disputes' },
}

/** A page by its name, such as `ch 9-7`: charges created from second 9 back to second 7. */
const page = (name: string, objects: number): WalkedPage => {
  const [, list = '', until, from] = /^(\w+) (\w+)-(\d+)$/.exec(name) ?? []
  return {
    ...{ carried: [], invalid: 0, sentAt: readClocks(), commitsBefore: 0, position: [] },
    list: lists[list] ?? 'disputes',
    until: Number(until),
    from: Number(from),
    observations: Array.from({ length: objects }, (_, index) => observed({ at: 1, id: `x_${index}` })),
    giveBack: () => undefined,
  }
}

const fullPages = (...names: readonly string[]): readonly WalkedPage[] => names.map((name) => page(name, 100))

/** The batches of up to three full pages that a queue is committed in, nothing being added meanwhile. */
const batchesOf = (names: readonly string[], objects = 100): readonly (readonly string[])[] => {
  const namesOf = new Map(names.map((name) => [page(name, objects), name]))
  const batches: string[][] = []
  for (let queue = [...namesOf.keys()]; queue.length > 0; ) {
    const batch = nextPages(queue, 300)
    batches.push(batch.map((one) => namesOf.get(one) ?? ''))
    queue = queue.filter((one) => !batch.includes(one))
  }
  return batches
}

test('pages of few objects are committed together, in the order of their ranks and times', () => {
  expect(batchesOf(['re 9-8', 'ch 8-7', 'in 9-8', 'cus 3-2', 'sub 4-3'], 10)).toEqual([
    ['sub 4-3', 'cus 3-2', 'in 9-8', 'ch 8-7', 're 9-8'],
  ])
})

test('a page with more objects than a batch holds is committed alone', () => {
  expect(batchesOf(['cus 9-8', 'cus 8-7'], 400)).toEqual([['cus 9-8'], ['cus 8-7']])
})

test('pages of one list keep their order', () => {
  expect(batchesOf(['ch 5-4', 'ch 9-8', 'ch 7-6', 'ch 3-2'])).toEqual([
    ['ch 5-4', 'ch 9-8', 'ch 7-6'],
    ['ch 3-2'],
  ])
})

test('what others inherit from comes before them', () => {
  const tied = ['in 9-8', 'ch 9-8', 'pay 9-8']
  expect(batchesOf([...tied, 'cus 5-4', 'sub 6-5', 'cus 4-3', 'sub 5-4', 'cus 3-2'])).toEqual([
    ['sub 6-5', 'cus 5-4', 'sub 5-4'],
    ['cus 4-3', 'cus 3-2'],
    tied,
  ])
})

test('a few of what others inherit from are passed over by no full batch of others', () => {
  const [customers, subscriptions] = [page('cus 9-8', 20), page('sub 9-8', 20)]
  const few = [customers, subscriptions]
  const tied = fullPages('in 99-98', 'ch 99-98', 'pay 99-98')
  const rest = fullPages('re 99-98', 'dp 99-98', 'prod 99-98')
  expect(nextPages([...tied, ...few], 300)).toEqual(few)
  expect(nextPages([...tied, ...few], 100)).toEqual(few)
  expect(nextPages([...rest, ...few], 300).slice(0, 2)).toEqual(few)
  expect(nextPages([...rest, ...tied, ...few], 300).slice(0, 2)).toEqual(few)
})

test('of a list that goes on a page waits for what is tied and came before it, and for nothing else', () => {
  const customers = { ...page('cus 9-8', 100), position: [firstWindow(null, 8)] }
  const tied = fullPages('ch 9-8', 'in 9-8', 'pay 9-8')
  expect(nextPages([...tied, customers], 300)).toEqual(tied)
  expect(nextPages([...tied.slice(1), customers, ...tied.slice(0, 1)], 300)).toEqual([customers])
})

test('what is tied joins a few of what it inherits from where all of it has room', () => {
  expect(nextPages(fullPages('in 9-8', 'ch 9-8', 'cus 1-0'), 300)).toHaveLength(3)
})

test('what is tied to one another is committed together', () => {
  expect(batchesOf(['in 9-8', 'in 8-7', 'ch 9-8', 'ch 8-7', 'pay 9-8', 'pay 8-7'])).toEqual([
    ['in 9-8', 'ch 9-8', 'pay 9-8'],
    ['in 8-7', 'ch 8-7', 'pay 8-7'],
  ])
})

test('a list that is a page ahead of those it is tied to waits for them', () => {
  expect(batchesOf(['in 9-8', 'ch 8-7', 'pay 8-7', 'in 8-7'])).toEqual([
    ['in 9-8'],
    ['ch 8-7', 'pay 8-7', 'in 8-7'],
  ])
  // Also one that has not come yet.
  expect(nextPages(fullPages('in 9-8', 'ch 8-7', 'pay 8-7'), 300)).toHaveLength(1)
})

test('lists that are never level are not waited for', () => {
  expect(batchesOf(['ch 900-890', 'ch 890-880', 'ch 880-870', 'in 700-100'])).toEqual([
    ['ch 900-890', 'ch 890-880', 'ch 880-870'],
    ['in 700-100'],
  ])
})

test('the newest pages of lists are level, wherever each of them ends', () => {
  expect(batchesOf(['in Infinity-80', 'ch Infinity-85', 'pay Infinity-81'])).toEqual([
    ['in Infinity-80', 'ch Infinity-85', 'pay Infinity-81'],
  ])
})

test('a page of what is tied does not part from the others for the sake of a full batch', () => {
  expect(batchesOf(['cus 9-8', 'sub 9-8', 'ch 9-8', 'prod 3-2', 'in 9-8'])).toEqual([
    ['cus 9-8', 'sub 9-8', 'prod 3-2'],
    ['ch 9-8', 'in 9-8'],
  ])
})

import { expect, test } from 'vitest'
import { PageRooms } from '../../../src/sources/backfill/page-rooms.ts'

/** Takes places one after another and notes which were got. */
const takeAll = (rooms: PageRooms, names: readonly string[]) => {
  const got: string[] = []
  const taken = names.map(async (name) => {
    const giveBack = await rooms.take()
    got.push(name)
    return giveBack
  })
  return { got, taken }
}

test('places are given in the order of asking, as far as there are any', async () => {
  const { got, taken } = takeAll(new PageRooms(2), ['a', 'b', 'c', 'd'])
  const [giveBack] = await Promise.all(taken.slice(0, 2))
  expect(got).toEqual(['a', 'b'])
  giveBack?.()
  await taken[2]
  expect(got).toEqual(['a', 'b', 'c'])
})

test('a place that is given back twice is free once', async () => {
  const { got, taken } = takeAll(new PageRooms(1), ['a', 'b', 'c'])
  const giveBack = await taken[0]
  giveBack?.()
  giveBack?.()
  await taken[1]
  await Promise.resolve()
  expect(got).toEqual(['a', 'b'])
})

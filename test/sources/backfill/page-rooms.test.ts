import { expect, test } from 'vitest'
import { type PagePlace, type PageRoom, PageRooms } from '../../../src/sources/backfill/page-rooms.ts'

interface Taken extends Partial<PagePlace> {
  readonly account?: string
}

/** Takes rooms one after another and notes which were got. */
const takeAll = (rooms: PageRooms, names: string, placeOf: (name: string) => Taken = () => ({})) => {
  const got: string[] = []
  const taken = [...names].map(async (name) => {
    const { account = 'acct_1', rank = 0, until = 0 } = placeOf(name)
    const room = await rooms.take(account, { rank, until })
    got.push(name)
    return room
  })
  const room = async (index: number): Promise<PageRoom> => {
    const found = await taken[index]
    if (found === undefined) throw new RangeError(`nothing was taken at ${index}`)
    return found
  }
  return { got, room }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

test('of pages that are alike the first asked for gets room first, four the room of one that is here', async () => {
  const { got, room } = takeAll(new PageRooms(1), 'abcdef')
  const first = await room(0)
  await settled()
  expect(got.join('')).toBe('abcd')
  first.giveBack()
  await settled()
  expect(got.join('')).toBe('abcde')
})

test('a page that is here keeps others from being asked for', async () => {
  const rooms = new PageRooms(2)
  const full = takeAll(rooms, 'ab')
  const [first, second] = [await full.room(0), await full.room(1)]
  first.fill()
  second.fill()
  const { got } = takeAll(rooms, 'cd')
  await settled()
  expect(got).toEqual([])
  second.giveBack()
  await settled()
  expect(got).toEqual(['c', 'd'])
})

test('where more came at once than there is room for, all of it is waited for', async () => {
  const rooms = new PageRooms(1)
  const { room } = takeAll(rooms, 'abcd')
  const all = await Promise.all([0, 1, 2, 3].map(room))
  for (const one of all) one.fill()
  const { got } = takeAll(rooms, 'e')
  for (const one of all.slice(0, 3)) one.giveBack()
  await settled()
  expect(got).toEqual([])
  all[3]?.giveBack()
  await settled()
  expect(got).toEqual(['e'])
})

test('a room that is given back twice is free once', async () => {
  const rooms = new PageRooms(1)
  const { got, room } = takeAll(rooms, 'abcdef')
  const first = await room(0)
  first.fill()
  for (const index of [1, 2, 3]) (await room(index)).giveBack()
  first.giveBack()
  first.giveBack()
  await settled()
  expect(got.join('')).toBe('abcdef')
  const { got: more } = takeAll(rooms, 'ghi')
  await settled()
  expect(more.join('')).toBe('gh')
})

/** Takes the only page's room and lets others wait for it; answers in which order they got it. */
const orderOf = async (names: string, placeOf: (name: string) => Taken): Promise<string> => {
  const rooms = new PageRooms(1)
  const full = takeAll(rooms, 'abcd')
  const all = await Promise.all([0, 1, 2, 3].map(full.room))
  const { got } = takeAll(rooms, names, placeOf)
  for (const one of all) {
    one.giveBack()
    await settled()
  }
  return got.join('')
}

test('of one account the lowest rank comes first, and of one rank the newest page', async () => {
  const places: Readonly<Record<string, Taken>> = {
    p: { rank: 2, until: 90 },
    q: { rank: 1, until: 10 },
    r: { rank: 1, until: Number.POSITIVE_INFINITY },
    s: { rank: 1, until: 50 },
  }
  expect(await orderOf('pqrs', (name) => places[name] ?? {})).toBe('rsqp')
})

test('accounts take turns, whatever the ranks of their lists', async () => {
  const placeOf = (name: string): Taken =>
    name === 'x' ? { account: 'acct_2', rank: 3 } : { account: 'acct_1', rank: 0 }
  expect(await orderOf('pqrx', placeOf)).toBe('pxqr')
})

import { expect, test } from 'vitest'
import { type PageRoom, PageRooms, type WantedPage } from '../../../src/sources/backfill/page-rooms.ts'

interface Taken extends Partial<WantedPage> {
  readonly account?: string
}

/** Takes rooms one after another and notes which were got. */
const takeAll = (rooms: PageRooms, names: string, placeOf: (name: string) => Taken = () => ({})) => {
  const got: string[] = []
  const taken = [...names].map(async (name) => {
    const { account = 'acct_1', rank = 0, until = 0, answerMs = 0 } = placeOf(name)
    const room = await rooms.take(account, { rank, until, answerMs })
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

/** Milliseconds in which an answer counts as slow as any. */
const slow = (): Taken => ({ answerMs: 60_000 })

test('of pages that are alike the first asked for gets room first', async () => {
  const rooms = new PageRooms(2)
  const { got, room } = takeAll(rooms, 'abcd')
  const first = await room(0)
  await settled()
  expect(got.join('')).toBe('ab')
  expect(rooms.isFull).toBe(true)
  first.giveBack()
  await settled()
  expect(got.join('')).toBe('abc')
})

test.each([
  [0, 1],
  [20, 1],
  [150, 1],
  [300, 2],
  [600, 4],
  [60_000, 4],
])('where answers take %j ms %i are asked for in the room of one that is here', async (answerMs, count) => {
  const { got } = takeAll(new PageRooms(1), 'abcdef', () => ({ answerMs }))
  await settled()
  expect(got).toHaveLength(count)
})

test('a page that is here takes all of its room', async () => {
  const rooms = new PageRooms(2)
  const full = takeAll(rooms, 'ab', slow)
  const [first, second] = [await full.room(0), await full.room(1)]
  expect(rooms.isFull).toBe(false)
  first.fill()
  second.fill()
  expect(rooms.isFull).toBe(true)
  const { got } = takeAll(rooms, 'cd', slow)
  await settled()
  expect(got).toEqual([])
  second.giveBack()
  await settled()
  expect(got).toEqual(['c', 'd'])
})

test('where more came at once than there is room for, all of it is waited for', async () => {
  const rooms = new PageRooms(1)
  const { room } = takeAll(rooms, 'abcd', slow)
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

test('a room that is given back twice is free once, and no page fills it any more', async () => {
  const rooms = new PageRooms(2)
  const { got, room } = takeAll(rooms, 'abcdefghi', slow)
  const first = await room(0)
  first.giveBack()
  first.giveBack()
  first.fill()
  await settled()
  expect(got.join('')).toBe('abcdefghi')
  const { got: more } = takeAll(rooms, 'j')
  await settled()
  expect(more).toEqual([])
})

/** Takes the only page's room and lets others wait for it; answers in which order they got it. */
const orderOf = async (names: string, placeOf: (name: string) => Taken): Promise<string> => {
  const rooms = new PageRooms(1)
  const first = await takeAll(rooms, 'a').room(0)
  const { got, room } = takeAll(rooms, names, placeOf)
  const opened = [...names].map((_, index) => room(index).then(({ giveBack }) => giveBack()))
  first.giveBack()
  await Promise.all(opened)
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

test('of accounts that wait the one that holds the least comes first', async () => {
  const rooms = new PageRooms(3)
  const full = takeAll(rooms, 'abc')
  const all = [await full.room(0), await full.room(1), await full.room(2)]
  const { got } = takeAll(rooms, 'dexy', (name) => ({ account: 'xy'.includes(name) ? 'acct_2' : 'acct_1' }))
  for (const one of all) one.giveBack()
  await settled()
  expect(got.join('')).toBe('xdy')
})

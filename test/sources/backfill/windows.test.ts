import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  firstWindow,
  type PageFacts,
  type Place,
  surelyHoldMore,
  type Window,
  windowsAfter,
  windowWithoutCursor,
} from '../../../src/sources/backfill/windows.ts'

/** Objects of a page; Stripe's hundred, made small. */
const pageSize = 3

/** Newest first; within a second in the order in which they lie here, as Stripe keeps to one order of its own. */
type List = readonly Place[]

const listOf = (createds: readonly number[]): List =>
  createds.map((created, index) => ({ id: `o${index}`, created })).sort((a, b) => b.created - a.created)

const isIn = (window: Window, list: List, place: Place): boolean => {
  const { from, to, last } = window
  const isAfterLast = last === null || list.indexOf(place) > list.findIndex(({ id }) => id === last.id)
  return (from === null || place.created >= from) && (to === null || place.created < to) && isAfterLast
}

const pageOf = (window: Window, list: List, sentSecond: number): PageFacts => {
  const left = list.filter((place) => isIn(window, list, place))
  return { places: left.slice(0, pageSize), hasMore: left.length > pageSize, sentSecond }
}

interface Walked {
  readonly read: readonly string[]
  readonly pages: number
  readonly list: List
  /** The list as it was when its newest end was asked for last. */
  readonly atLastHead: List
}

interface Course {
  /** Which of the windows that are left is walked next, and what happens before; used over and over. */
  readonly turns: readonly { readonly pick: number; readonly appears: number; readonly mayCut: boolean }[]
  readonly from: number | null
  readonly to: number | null
}

const startSecond = 1_000

/** A walk that takes more has no end. */
const mostPages = 2_000

/** Walks a list to its end as walk-list.ts does; objects appear at its head while that goes on. */
const walk = (before: List, { turns, from, to }: Course): Walked => {
  let [list, atLastHead] = [before, before]
  let position: readonly Window[] = [firstWindow(from, to)]
  const read: string[] = []
  let pages = 0
  for (; position.length > 0 && pages < mostPages; pages += 1) {
    const { pick, appears, mayCut } = turns[pages % turns.length] ?? { pick: 0, appears: 0, mayCut: true }
    const second = startSecond + Math.floor(pages / 3)
    // They stop to appear some time, or no walk would end.
    const fresh = pages > 40 ? 0 : appears
    for (let index = 0; index < fresh; index += 1)
      list = [{ id: `n${list.length}`, created: second }, ...list].sort((a, b) => b.created - a.created)
    const rest = position.filter(({ isHead }) => !isHead)
    const among = rest.length > 0 ? rest : position
    const window = among[pick % among.length] ?? among[0]
    if (window === undefined) break
    if (window.isHead) atLastHead = list
    const page = pageOf(window, list, second)
    read.push(...page.places.map(({ id }) => id).filter((id) => !window.known.includes(id)))
    position = position.flatMap((other) => (other === window ? windowsAfter(window, page, mayCut) : [other]))
  }
  return { read, pages, list, atLastHead }
}

const createds = fc.array(fc.integer({ min: 960, max: startSecond }), { maxLength: 60 })
const turns = fc.array(fc.record({ pick: fc.nat(8), appears: fc.nat(2), mayCut: fc.boolean() }), {
  minLength: 1,
  maxLength: 12,
})

describe('a walk by windows', () => {
  test('reads everything that was there from the first page on', () => {
    fc.assert(
      fc.property(createds, turns, (seconds, course) => {
        const list = listOf(seconds)
        const { read } = walk(list, { turns: course, from: null, to: null })
        expect(new Set(read)).toEqual(new Set([...read, ...list.map(({ id }) => id)]))
      }),
    )
  })

  test('reads what appears at the head while it goes on', () => {
    fc.assert(
      fc.property(createds, turns, (seconds, course) => {
        const { read, list } = walk(listOf(seconds), { turns: course, from: null, to: null })
        // What appeared after the last page can't have been read.
        const stillTo = list.filter(({ id }) => !read.includes(id))
        expect(stillTo.filter(({ created }) => created < startSecond)).toEqual([])
        expect(list.slice(stillTo.length).every(({ id }) => read.includes(id))).toBe(true)
      }),
    )
  })

  test('comes to its end where more than a page is created in the future, and reads what is created now', () => {
    fc.assert(
      fc.property(createds, fc.integer({ min: 1, max: 12 }), turns, (seconds, ahead, course) => {
        const future = Array.from({ length: ahead }, (_, index) => startSecond + 10_000 + index)
        const before = listOf([...seconds, ...future])
        const { read, pages, atLastHead } = walk(before, { turns: course, from: null, to: null })
        expect(pages).toBeLessThan(mostPages)
        expect(atLastHead.filter(({ id }) => !read.includes(id))).toEqual([])
      }),
    )
  })

  test('reads nothing twice but in seconds that may still grow', () => {
    fc.assert(
      fc.property(createds, turns, (seconds, course) => {
        const { read, list } = walk(listOf(seconds), { turns: course, from: null, to: null })
        const twice = new Set(read.filter((id, index) => read.indexOf(id) !== index))
        expect(list.filter(({ id, created }) => twice.has(id) && created < startSecond)).toEqual([])
      }),
    )
  })

  test('reads nothing twice at all in a range that is over', () => {
    fc.assert(
      fc.property(createds, turns, fc.integer({ min: 960, max: 990 }), (seconds, course, from) => {
        const list = listOf(seconds)
        const { read } = walk(list, { turns: course, from, to: startSecond - 1 })
        const inRange = list.filter(({ created }) => created >= from && created < startSecond - 1)
        expect(read.toSorted()).toEqual(inRange.map(({ id }) => id).toSorted())
      }),
    )
  })

  test('asks for a list within one page once and without a filter', () => {
    const window = firstWindow(null, null)
    expect([window.from, window.to, window.last]).toEqual([null, null, null])
    expect(windowsAfter(window, pageOf(window, listOf([1, 2, 3]), startSecond), true)).toEqual([])
    expect(windowsAfter(window, pageOf(window, [], startSecond), true)).toEqual([])
  })
})

describe('the windows after a page', () => {
  const anyWindow = fc.record({
    list: createds.filter((seconds) => seconds.length > pageSize).map(listOf),
    from: fc.option(fc.integer({ min: 955, max: 980 })),
    to: fc.option(fc.integer({ min: 985, max: 1005 })),
    lastIndex: fc.option(fc.nat(59)),
    isHead: fc.boolean(),
    mayCut: fc.boolean(),
  })

  test('cover what the page left, each object in one window', () => {
    fc.assert(
      fc.property(anyWindow, ({ list, from, to, lastIndex, isHead, mayCut }) => {
        const last = lastIndex === null ? null : (list[lastIndex] ?? null)
        const window: Window = { ...firstWindow(from, to), last, isHead }
        const page = pageOf(window, list, startSecond)
        const after = windowsAfter(window, page, mayCut).filter((part) => !part.isHead)
        for (const place of list) {
          const isLeft = isIn(window, list, place) && !page.places.includes(place)
          expect(after.filter((part) => isIn(part, list, place)).length).toBe(isLeft ? 1 : 0)
        }
      }),
    )
  })

  test('are cut only where that is welcome, and never below a page', () => {
    const list = listOf(Array.from({ length: 300 }, (_, index) => startSecond - index))
    const window = firstWindow(startSecond - 299, startSecond)
    const page = pageOf(window, list, startSecond)
    expect(windowsAfter(window, page, false)).toHaveLength(1)
    expect(windowsAfter(window, page, true)).toHaveLength(2)
    const short = {
      ...firstWindow(startSecond - 6, startSecond),
      last: { id: 'o1', created: startSecond - 1 },
    }
    expect(windowsAfter(short, pageOf(short, list, startSecond), true)).toHaveLength(1)
  })

  test.each([
    [5, 1],
    [7, 2],
  ])('of %i pages more are cut in %i', (pages, parts) => {
    const list = listOf([startSecond - 1, startSecond - 2, startSecond - 3, startSecond - 4])
    const page = pageOf(firstWindow(null, startSecond), list, startSecond)
    const secondsOfPage = (page.places[0]?.created ?? 0) - (page.places.at(-1)?.created ?? 0)
    const from = startSecond - 3 - pages * secondsOfPage
    expect(windowsAfter({ ...firstWindow(from, startSecond), isHead: false }, page, true)).toHaveLength(parts)
  })

  test.each([[startSecond - 299], [null]])('share no second where a list from %j on is cut', (from) => {
    const list = listOf(Array.from({ length: 300 }, (_, index) => startSecond - 1 - index))
    const window: Window = { ...firstWindow(from, startSecond), last: list[30] ?? null, isHead: false }
    const page = pageOf(window, list, startSecond)
    const parts = windowsAfter(window, page, true)
    expect(parts).toHaveLength(2)
    for (const place of list.slice(34, 290))
      expect(parts.filter((part) => isIn(part, list, place))).toHaveLength(1)
  })

  test('include a head only where the list can have grown', () => {
    const list = listOf([999, 998, 997, 996])
    const heads = (to: number | null) => {
      const window = firstWindow(null, to)
      return windowsAfter(window, pageOf(window, list, startSecond), true).filter(({ isHead }) => isHead)
    }
    expect(heads(startSecond)).toEqual([])
    expect(heads(null)).toMatchObject([{ from: startSecond, to: null, last: null }])
    expect(heads(startSecond + 9)).toMatchObject([{ from: startSecond, to: startSecond + 9 }])
  })

  test('know what the head showed of the second in which it was asked for', () => {
    const list = listOf([startSecond, startSecond, 999, 998])
    const window = firstWindow(null, null)
    const after = windowsAfter(window, pageOf(window, list, startSecond), true)
    expect(after.find(({ isHead }) => isHead)?.known).toEqual(['o0', 'o1'])
  })
})

describe('a window whose cursor is gone', () => {
  test('goes on from the second of the last object, all of it', () => {
    fc.assert(
      fc.property(
        createds.filter((seconds) => seconds.length > 0),
        fc.nat(59),
        (seconds, index) => {
          const list = listOf(seconds)
          const last = list[index % list.length] ?? null
          const window: Window = { ...firstWindow(null, null), last }
          const rest = list.filter((place) => place !== last)
          const left = rest.filter((place) => isIn(window, list, place))
          const without = windowWithoutCursor(window)
          expect(left.filter((place) => !isIn(without, rest, place))).toEqual([])
          expect(
            rest.filter((place) => isIn(without, rest, place) && place.created > (last?.created ?? 0)),
          ).toEqual([])
        },
      ),
    )
  })

  test('is itself where it had none', () => {
    const window = firstWindow(5, 9)
    expect(windowWithoutCursor(window)).toBe(window)
  })
})

test('windows that are left surely hold more while they reach from an object to the end of the list', () => {
  const last = { id: 'a', created: 900 }
  const whole = { ...firstWindow(null, null), isHead: false, last }
  const [upper, lower] = [
    { ...whole, from: 500 },
    { ...whole, to: 500, last: null },
  ]
  expect(surelyHoldMore([whole])).toBe(true)
  expect(surelyHoldMore([upper, lower])).toBe(true)
  expect(surelyHoldMore([upper])).toBe(false)
  expect(surelyHoldMore([lower, firstWindow(950, null)])).toBe(false)
})

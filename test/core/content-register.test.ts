import { describe, expect, test } from 'vitest'
import { ageOf, type ContentRegister, eventIdOf, foldContent } from '../../src/core/content-register.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { observed, ordersOf, type Told } from '../support/observed.ts'

interface Showing extends Told {
  readonly content: JsonObject
}

const fold = (...told: readonly Showing[]): ContentRegister =>
  told.reduce<ContentRegister | null>(
    (register, showing) => foldContent(register, { ...observed(showing), content: showing.content }),
    null,
  ) ?? missing()

const missing = (): never => {
  throw new TypeError('at least one observation is needed')
}

const showing = (at: number, status: string, told: Partial<Showing> = {}): Showing => ({
  at,
  eventId: `evt_${at}_${status}`,
  content: { status },
  ...told,
})

/** An update within one second, by the status that it found. */
const change = (at: number, from: string, to: string): Showing =>
  showing(at, to, { previous: { status: from }, eventId: `evt_${at}_${from}_${to}` })

const statusesInAnyOrder = (told: readonly Showing[]): readonly unknown[] => [
  ...new Set(ordersOf(told).map((order) => fold(...order).winner.content.status)),
]

describe('the content register', () => {
  test('holds what the first observation showed', () => {
    const register = fold(showing(10, 'open', { rank: 2, source: 'webhook', livemode: false, creates: true }))
    expect(register).toEqual({
      moment: 21,
      winner: {
        id: 'evt_10_open',
        rank: 2,
        creates: true,
        previous: null,
        content: { status: 'open' },
        source: 'webhook',
        version: '2024-12-18.acacia',
        livemode: false,
      },
      top: [register.winner],
      past: [],
    })
  })

  test('takes a newer observation and remembers the older by fingerprint', () => {
    const register = fold(showing(10, 'open'), showing(11, 'paid'))
    expect(register).toMatchObject({ moment: 23, winner: { content: { status: 'paid' } } })
    expect(register.top).toHaveLength(1)
    expect(register.past).toEqual([
      { moment: 21, id: 'evt_10_open', rank: 0, from: undefined, to: expect.any(String) },
    ])
  })

  test('keeps its content when an older observation comes late', () => {
    const register = fold(showing(11, 'paid'), showing(10, 'open'))
    expect(register.winner.content).toEqual({ status: 'paid' })
    expect(register.past.map(({ id }) => id)).toEqual(['evt_10_open'])
  })

  test('keeps the very content that a newer observation repeats', () => {
    const [first, again] = [showing(10, 'open'), showing(11, 'open')]
    expect(fold(first, again)).toMatchObject({ moment: 23, winner: { id: 'evt_11_open' } })
    expect(fold(first, again).winner.content).toBe(first.content)
  })

  test('is a later state though it equals an earlier one', () => {
    expect(statusesInAnyOrder([showing(10, 'a'), showing(11, 'b'), showing(12, 'a')])).toEqual(['a'])
  })

  test('keeps every observation of its newest second', () => {
    const register = fold(showing(10, 'open'), showing(10, 'paid', { rank: 1 }))
    expect(register.top.map(({ id }) => id)).toEqual(['evt_10_open', 'evt_10_paid'])
    expect(register.winner.content).toEqual({ status: 'paid' })
    expect(register.winner).toBe(register.top[1])
  })

  test('follows previous attributes within a second, not arrival', () => {
    expect(statusesInAnyOrder([change(10, 'a', 'b'), change(10, 'b', 'c'), change(10, 'c', 'a2')])).toEqual([
      'a2',
    ])
  })

  test('starts a second of creation at the created event', () => {
    const created = showing(10, 'z', { creates: true, eventId: 'evt_zzz' })
    expect(statusesInAnyOrder([created, change(10, 'z', 'a')])).toEqual(['a'])
    // There and back again: without the beginning only the ids would be left to decide.
    const first = { ...created, eventId: 'evt_000' }
    expect(statusesInAnyOrder([first, change(10, 'z', 'a'), change(10, 'a', 'z')])).toEqual(['z'])
  })

  test('anchors a state that returns in the second before', () => {
    const told = [showing(9, 'b'), change(10, 'a', 'b'), change(10, 'b', 'a')]
    expect(statusesInAnyOrder(told)).toEqual(['b'])
    expect(statusesInAnyOrder([showing(9, 'a'), change(10, 'a', 'b'), change(10, 'b', 'a')])).toEqual(['a'])
  })

  test('anchors one returning second in another one before it', () => {
    const told = [
      showing(8, 'a'),
      change(9, 'a', 'b'),
      change(9, 'b', 'a'),
      change(10, 'a', 'c'),
      change(10, 'c', 'a'),
    ]
    expect(statusesInAnyOrder(told)).toEqual(['a'])
  })

  test('puts a read before the events of its second', () => {
    const read = { ...observed(showing(10, 'read')), moment: 20, eventId: null, content: { status: 'read' } }
    const event = { ...observed(showing(10, 'event')), content: { status: 'event' } }
    for (const [first, second] of [
      [read, event],
      [event, read],
    ] as const) {
      expect(foldContent(foldContent(null, first), second).winner.content).toEqual({ status: 'event' })
    }
  })

  test('takes the read sent at the later commit of one second', () => {
    const readAt = (readSeq: number) => ({
      ...observed(showing(10, `commit ${readSeq}`)),
      moment: 20,
      eventId: null,
      readSeq,
      content: { status: `commit ${readSeq}` },
    })
    for (const order of ordersOf([readAt(9), readAt(10), readAt(8)])) {
      const [first = readAt(0), ...others] = order
      const register = others.reduce((at, read) => foldContent(at, read), foldContent(null, first))
      expect(register.winner.content).toEqual({ status: 'commit 10' })
    }
  })

  test('tells the event that showed its state, or none for a read', () => {
    const event = observed(showing(10, 'open'))
    const content = { status: 'open' }
    expect(eventIdOf(foldContent(null, { ...event, content }).winner)).toBe('evt_10_open')
    expect(eventIdOf(foldContent(null, { ...event, content, eventId: null, readSeq: 3 }).winner)).toBeNull()
  })
})

describe('an observation that the register knows', () => {
  test('changes nothing, be it the newest or an older one', () => {
    const told = [showing(10, 'a'), showing(11, 'b'), showing(11, 'c')]
    const register = fold(...told)
    for (const again of told) {
      expect(foldContent(register, { ...observed(again), content: again.content })).toBe(register)
    }
  })
})

describe('what the register remembers', () => {
  test('are the newest eight moments before its own', () => {
    const register = fold(...Array.from({ length: 12 }, (_, index) => showing(100 + index, 'open')))
    expect(register.past.map(({ moment }) => moment)).toEqual([207, 209, 211, 213, 215, 217, 219, 221])
  })

  test('is the same when the moments arrive backwards', () => {
    const told = Array.from({ length: 12 }, (_, index) => showing(100 + index, 'open'))
    const moments = (register: ContentRegister): readonly number[] =>
      register.past.map(({ moment }) => moment).sort((a, b) => a - b)
    expect(moments(fold(...told.toReversed()))).toEqual(moments(fold(...told)))
  })

  test('counts moments and not events', () => {
    const told = Array.from({ length: 10 }, (_, index) => showing(100, 'open', { eventId: `evt_${index}` }))
    expect(fold(...told, showing(101, 'paid')).past).toHaveLength(10)
  })
})

describe('the age of an observation', () => {
  const register = fold(showing(10, 'open'))

  test.each([
    [19, 'older'],
    [20, 'older'],
    [21, 'same_moment'],
    [22, 'newer'],
  ] as const)('at moment %d beside a register of moment 21 is told', (moment, age) => {
    expect(ageOf(register, moment)).toBe(age)
  })

  test('is newer where nothing is known yet', () => {
    expect(ageOf(null, 1)).toBe('newer')
  })
})

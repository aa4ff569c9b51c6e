import { describe, expect, test } from 'vitest'
import { type Connection, connectionAt, laterConnection } from '../../src/core/connection.ts'
import { momentOfEvent, momentOfRead } from '../../src/core/observation.ts'

const event = (state: Connection['state'], second: number) => connectionAt(state, momentOfEvent(second))
const read = (state: Connection['state'], second: number) => connectionAt(state, momentOfRead(second))

describe('of two pieces of news about a connection', () => {
  test.each<[string, Connection, Connection]>([
    ['an older event', event('disconnected', 4), event('connected', 5)],
    [
      'an event of the same second that lets the platform in',
      event('connected', 5),
      event('disconnected', 5),
    ],
    ['a read of the same second', read('disconnected', 5), event('connected', 5)],
    ['a read of the same second that lets the platform in', read('connected', 5), event('disconnected', 5)],
    ['an event of the second before a read', event('connected', 4), read('disconnected', 5)],
  ])('%s loses, whichever came first', (_, loser, winner) => {
    expect(laterConnection(loser, winner)).toBe(winner)
    expect(laterConnection(winner, loser)).toBe(winner)
  })

  test('the only one there is wins, and what is known stays where it is told again', () => {
    const known = event('disconnected', 5)
    expect(laterConnection(null, known)).toBe(known)
    expect(laterConnection(known, event('disconnected', 5))).toEqual(known)
  })
})

test('an event is dated by its second, a read by the end of the one before', () => {
  expect(event('connected', 5).as_of).toEqual(new Date(5_000))
  expect(read('connected', 5).as_of).toEqual(new Date(4_999))
})

import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { duration, parseInstant } from '../../src/config/times.ts'

const now = new Date('2023-12-01T12:00:00Z')

describe('an instant', () => {
  test.each([
    ['2023-11-14', '2023-11-14T00:00:00.000Z'],
    ['2023-11-14T22:15', '2023-11-14T22:15:00.000Z'],
    ['2023-11-14T22:15Z', '2023-11-14T22:15:00.000Z'],
    ['2023-11-14T22:15:30.5', '2023-11-14T22:15:30.500Z'],
    ['2023-11-14T22:15:30-01:30', '2023-11-14T23:45:30.000Z'],
    ['2023-11-14T22:15:00+0100', '2023-11-14T21:15:00.000Z'],
    ['2023-11-14T22:15:00+01', '2023-11-14T21:15:00.000Z'],
    ['2023-11-14T22:15+01', '2023-11-14T21:15:00.000Z'],
    ['36h', '2023-11-30T00:00:00.000Z'],
  ])('is read from %s', (text, instant) => {
    expect(parseInstant(text, now)?.toISOString()).toBe(instant)
  })

  test.each([
    '2023-02-30',
    '2023-11-14T25:00Z',
    '2023-11-14T22',
    '2023-11-14T22:15:00+2561',
    'yesterday',
    '1e9y',
    '2M',
  ])('is not read from %s', (text) => {
    expect(parseInstant(text, now)).toBeNull()
  })
})

describe('a duration', () => {
  test.each([
    ['12h', 12 * 3_600_000],
    ['5m', 5 * 60_000],
    ['365000d', 365_000 * 86_400_000],
  ])('is read from %s', (text, milliseconds) => {
    expect(v.parse(duration, text)).toBe(milliseconds)
  })

  test.each(['1001y', '99999999d', '0d', '-1d', '1M', '30', 30])('is not read from %s', (text) => {
    expect(v.safeParse(duration, text).issues?.[0].message).toMatch(
      new RegExp(`^expected a time such as 30d or 12h, at most 1000y, got "${text}"`),
    )
  })
})

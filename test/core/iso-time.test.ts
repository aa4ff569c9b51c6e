import { describe, expect, test } from 'vitest'
import { isIsoDay, isIsoInstant, isWholeIsoInstant } from '../../src/core/iso-time.ts'

describe('a day', () => {
  test.each(['2026-01-31', '2024-02-29', '2000-02-29', '0000-02-29', '9999-12-31'])('may be %s', (text) => {
    expect(isIsoDay(text)).toBe(true)
  })

  test.each([
    ...['2026-02-30', '2026-02-29', '1900-02-29', '2026-04-31', '2026-13-01', '2026-00-10', '2026-01-00'],
    ...['2026-01-32', '2026-1-31', '26-01-31', '+002026-01-31', '2026-01-31 ', '2026-01-31\n', ''],
  ])('is not %j', (text) => {
    expect(isIsoDay(text)).toBe(false)
  })
})

/** With seconds and a zone. */
const whole = [
  ...['2026-01-31T12:00:00Z', '2026-01-31T23:59:59.999999999Z', '2024-02-29T00:00:00+23:59'],
  '2026-01-31T12:00:00.1-01:30',
]
const partial = ['2026-01-31T12:00', '2026-01-31T12:00Z', '2026-01-31T12:00+01:00', '2026-01-31T12:00:00.5']
const none = [
  ...['2026-02-30T12:00:00Z', '2026-01-31', '2026-01-31T12', '2026-01-31 12:00:00Z', '2026-01-31t12:00:00z'],
  ...['2026-01-31T24:00:00Z', '2026-01-31T12:60:00Z', '2026-01-31T12:00:60Z', '2026-01-31T12:00:00.Z'],
  ...[
    '2026-01-31T12:00:00+24:00',
    '2026-01-31T12:00:00+0100',
    '2026-01-31T12:00:00+01',
    '2026-01-31T12:00.5Z',
  ],
  ...['2026-01-31T12:00:00Z\n', ' 2026-01-31T12:00:00Z', 'yesterday', ''],
]

describe('an instant', () => {
  test.each([...whole, ...partial])('may be %s', (text) => {
    expect(isIsoInstant(text)).toBe(true)
  })

  test.each(none)('is not %j', (text) => {
    expect(isIsoInstant(text)).toBe(false)
  })

  test('is whole with seconds and a zone', () => {
    expect([...whole, ...partial, ...none].filter(isWholeIsoInstant)).toEqual(whole)
  })
})

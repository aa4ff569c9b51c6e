import { describe, expect, test } from 'vitest'
import { dateOfMoment, momentOfEvent, momentOfRead } from '../../src/core/observation.ts'

describe('a moment', () => {
  test('of a read comes before events of its own second', () => {
    expect(momentOfRead(100)).toBeLessThan(momentOfEvent(100))
    expect(momentOfRead(100)).toBeGreaterThan(momentOfEvent(99))
  })

  test('is one integer that grows with the second', () => {
    expect([momentOfRead(0), momentOfEvent(0), momentOfRead(1), momentOfEvent(1)]).toEqual([0, 1, 2, 3])
  })

  test('gives back its second as a date', () => {
    const newYear = new Date('2026-01-01T00:00:00Z')
    expect(dateOfMoment(momentOfEvent(1_767_225_600))).toEqual(newYear)
    expect(dateOfMoment(momentOfRead(1_767_225_600))).toEqual(newYear)
  })
})

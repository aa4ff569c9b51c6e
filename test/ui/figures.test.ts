import { describe, expect, test } from 'vitest'
import { bar, inDigits, inTime, inWords } from '../../src/ui/figures.ts'

describe('a figure for people', () => {
  test('has its digits in groups of three', () => {
    expect([0, 999, 1_234, 10_000_000].map(inDigits)).toEqual(['0', '999', '1,234', '10,000,000'])
  })

  test('has its noun in the singular for one alone', () => {
    expect([0, 1, 1_000].map((count) => inWords(count, 'event'))).toEqual([
      '0 events',
      '1 event',
      '1,000 events',
    ])
  })

  test('tells a time in seconds, a longer one in minutes', () => {
    expect([0.2, 89, 90, 3_600].map(inTime)).toEqual(['1 s', '89 s', '2 min', '60 min'])
  })

  test('fills a bar by the share that is known', () => {
    expect([null, 0, 0.5, 1].map((share) => bar(share, 4))).toEqual(['····', '░░░░', '██░░', '████'])
  })
})

import { describe, expect, test } from 'vitest'
import { grownPause, spreadPause } from '../../src/core/growing-pause.ts'

const lengths = { firstMs: 250, longestMs: 5_000 }

describe('a pause that grows', () => {
  test('is twice the one before, up to the longest', () => {
    expect([0, 1, 2, 3, 4, 5, 6].map((earlier) => grownPause(lengths, earlier))).toEqual([
      ...[250, 500, 1_000, 2_000, 4_000, 5_000, 5_000],
    ])
  })

  test('stays the longest after a thousand and more', () => {
    expect([1_000, 5_000].map((earlier) => grownPause(lengths, earlier))).toEqual([5_000, 5_000])
  })
})

test('a pause is spread over its second half', () => {
  expect([0, 0.5, 0.9].map((random) => spreadPause(1_000, random))).toEqual([500, 750, 950])
})

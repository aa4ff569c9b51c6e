import { expect, test } from 'vitest'
import { secondAtOrAfter } from '../../src/core/unix-second.ts'

test('the first second that is not before an instant is told', () => {
  expect(secondAtOrAfter(new Date(1_700_000_000_000))).toBe(1_700_000_000)
  expect(secondAtOrAfter(new Date(1_700_000_000_001))).toBe(1_700_000_001)
})

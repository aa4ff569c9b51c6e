import { expect, test } from 'vitest'
import { isHeavy } from '../../src/core/payload-weight.ts'

test('a payload is heavy from more than 256 KiB on', () => {
  expect([0, 262_144, 262_145].map(isHeavy)).toEqual([false, false, true])
})

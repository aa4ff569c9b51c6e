import { expect, test } from 'vitest'
import { parseSize } from '../../src/config/sizes.ts'

test.each([
  ['4MiB', 4 * 1024 * 1024],
  ['4mb', 4 * 1024 * 1024],
  ['512KiB', 512 * 1024],
  ['1.5 GiB', 1.5 * 1024 ** 3],
  ['1048576', 1_048_576],
  ['20 b', 20],
])('reads the size %s', (text, expected) => {
  expect(parseSize(text)).toBe(expected)
})

test.each(['', '0', '-1', 'MiB', '4 TiB', '4MiBs', '4,5MiB', '1e3'])('refuses the size "%s"', (text) => {
  expect(parseSize(text)).toBeNull()
})

import { describe, expect, test } from 'vitest'
import { ByteWindow } from '../../../src/sources/files/byte-window.ts'
import { largestEntryBytes } from '../../../src/sources/files/raw-entry.ts'
import { shown } from './entries.ts'

describe('a window over a stream', () => {
  test('gives an entry that spans chunks whole', () => {
    const window = new ByteWindow()
    window.append(Buffer.from('skip{"a'))
    window.keepFrom(4)
    window.dropUnneeded()
    window.append(Buffer.from('":1}, more'))
    expect(shown(window.takeTo(11, 1))).toBe('{"a":1}')
  })

  test('tells short texts that it still holds', () => {
    const window = new ByteWindow()
    window.append(Buffer.from('{"data":['))
    window.keepFrom(0)
    expect(window.textOf(1, 7, 6)).toBe('"data"')
    expect(window.textOf(1, 7, 5)).toBeNull()
    window.keepNothing()
    window.dropUnneeded()
    expect(window.textOf(1, 7, 6)).toBeNull()
  })

  test('forgets what no entry needs', () => {
    const window = new ByteWindow()
    window.append(Buffer.from('abc'))
    window.dropUnneeded()
    window.append(Buffer.from('def'))
    window.keepFrom(4)
    expect(shown(window.takeTo(6, 1))).toBe('ef')
  })

  test('lets go of an entry as soon as it is too large', () => {
    const window = new ByteWindow()
    window.append(Buffer.from('"'))
    window.keepFrom(0)
    const chunk = Buffer.alloc(largestEntryBytes / 3, 'x')
    for (let count = 0; count < 4; count += 1) {
      window.append(chunk)
      window.dropUnneeded()
    }
    expect(window.textOf(0, 1, 1)).toBeNull()
    const end = 1 + 4 * chunk.length
    expect(window.takeTo(end, 7)).toEqual({
      ordinal: 7,
      code: 'payload_unstorable',
      problem: 'it is larger than 15 MiB',
    })
    window.append(Buffer.from('ab'))
    window.keepFrom(end)
    expect(shown(window.takeTo(end + 2, 8))).toBe('ab')
  })
})

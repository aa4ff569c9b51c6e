import { describe, expect, test } from 'vitest'
import { largestEntryBytes } from '../../../src/sources/files/raw-entry.ts'
import { splitLines } from '../../../src/sources/files/split-lines.ts'
import { collect, inChunks, shown } from './entries.ts'

const read = async (text: string, chunkBytes = 1024 * 1024) =>
  (await collect(splitLines(inChunks(text, chunkBytes)))).flat()
const numbered = async (text: string, chunkBytes?: number) =>
  (await read(text, chunkBytes)).map((entry) => [entry.ordinal, shown(entry)])

describe('the entries of JSON lines', () => {
  test('are lines, numbered as editors number them', async () => {
    const expected = [
      [1, '{"a":1}'],
      [3, 'no JSON'],
      [5, '{"b":"🦊"}'],
    ]
    const text = '{"a":1}\n\nno JSON\n \t\n{"b":"🦊"}'
    expect(await numbered(text)).toEqual(expected)
    for (const bytes of [1, 2, 3, 5]) expect(await numbered(text, bytes)).toEqual(expected)
  })

  test('are without the blanks around them', async () => {
    expect(await numbered(' {"a": 1}\t\r\n{"b":2}\r\n')).toEqual([
      [1, '{"a": 1}'],
      [2, '{"b":2}'],
    ])
  })

  test.each([[''], ['\n'], ['\r\n \n']])('are none in %j', async (text) => {
    expect(await numbered(text)).toEqual([])
  })

  test('leave out a line of over 15 MiB alone', async () => {
    const long = 'x'.repeat(largestEntryBytes + 1)
    const entries = await read(`{"a":1}\n${long}\n{"b":2}\n`, 64 * 1024)
    expect(entries.map(shown)).toEqual(['{"a":1}', 'it is larger than 15 MiB', '{"b":2}'])
    expect(entries[1]).toMatchObject({ ordinal: 2, code: 'payload_unstorable' })
  })

  test('take a line of 15 MiB', async () => {
    const [entry] = await read('x'.repeat(largestEntryBytes), 1024 * 1024)
    expect(entry !== undefined && 'bytes' in entry && entry.bytes).toHaveLength(largestEntryBytes)
  })
})

import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { BillingSyncError } from '../../../src/errors.ts'
import { readEntries } from '../../../src/sources/files/read-entries.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'
import { shown } from './entries.ts'

const one = '{"object":"event","id":"evt_1"}'
const two = '{"object":"event","id":"evt_2"}'

interface Reading {
  readonly entries: readonly string[]
  readonly bytes: number
  readonly error: string | null
}

const readFileOf = async (name: string, content: string | Uint8Array): Promise<Reading> =>
  readPath(join(await temporaryFolder({ [name]: content }), name))

const readPath = async (path: string, signal = new AbortController().signal): Promise<Reading> => {
  const entries: string[] = []
  let bytes = 0
  const onBytes = (count: number): void => {
    bytes += count
  }
  try {
    for await (const some of readEntries(path, { onBytes, signal }))
      entries.push(...some.map((entry) => `${entry.ordinal} ${shown(entry)}`))
    return { entries, bytes, error: null }
  } catch (error) {
    if (!(error instanceof BillingSyncError) || error.code !== 'input_unreadable') throw error
    return { entries, bytes, error: String(error.details.reason) }
  }
}

describe('the form of an input', () => {
  test.each<[string, string, string, readonly string[]]>([
    ['one event in one line', 'a.json', one, [`1 ${one}`]],
    [
      'one event over several lines',
      'a.json',
      one.replaceAll(',', ',\n '),
      [`1 ${one.replaceAll(',', ',\n ')}`],
    ],
    ['JSON lines whatever the name', 'a.json', `${one}\n\n${two}\n`, [`1 ${one}`, `3 ${two}`]],
    [
      'JSON lines with a damaged first line',
      'a.json',
      `no\nJSON\n{"a"\n\n${one}\n${two}`,
      ['1 no', '2 JSON', '3 {"a"', `5 ${one}`, `6 ${two}`],
    ],
    ['lines of a name that promises lines', 'a.jsonl', `[${one}]\n${two}`, [`1 [${one}]`, `2 ${two}`]],
    ['an array, an event a line', 'a.json', `[\n${one},\n${two}\n]`, [`1 ${one}`, `2 ${two}`]],
    ['a list, an event a line', 'a.json', `{"object":"list","data":[\n${one}\n]}`, [`1 ${one}`]],
    [
      'a list over several lines',
      'a.json',
      `{\n "object": "list",\n "data": [\n${one},\n${two}\n]\n}`,
      [`1 ${one}`, `2 ${two}`],
    ],
    [
      'lists in lines',
      'a.json',
      `{"object":"list","data":[${one}]}\n{"object":"list","data":[${two}]}\n`,
      [`1 ${one}`, `2 ${two}`],
    ],
    ['an empty file', 'a.json', '', []],
    ['a file of white space', 'a.json', '\n \n', []],
  ])('is told from its content: %s', async (_, name, content, entries) => {
    expect(await readFileOf(name, content)).toMatchObject({ entries, error: null })
    expect(await readFileOf(`${name}.gz`, gzipSync(content))).toMatchObject({ entries, error: null })
    expect((await readFileOf(name, `\uFEFF${content}`)).entries).toEqual(entries)
  })

  test('is gzip by its first bytes, whatever the name', async () => {
    const twice = Buffer.concat([gzipSync(`${one}\n`), gzipSync(two)])
    expect((await readFileOf('a.json', twice)).entries).toEqual([`1 ${one}`, `2 ${two}`])
  })
})

describe('an input that ends badly', () => {
  const lines = Array.from({ length: 3_000 }, (_, index) => `{"object":"event","id":"evt_${index}"}`)
  // Some text that does not compress away.
  const compressed = gzipSync(lines.map((line) => `${line}${Math.sin(line.length)}`).join('\n'))
  const unclear = gzipSync(['damaged', ...lines].join('\n'))

  test.each([
    ['lines by its name', 'a.jsonl.gz', compressed],
    ['still to be told what it is', 'a.json.gz', unclear],
  ])('gives what came before its compressed data ended: %s', async (_, name, whole) => {
    const { entries, error } = await readFileOf(name, whole.subarray(0, whole.length >> 1))
    expect(error).toBe('the compressed data ends too early')
    expect(entries.length).toBeGreaterThan(500)
    expect(entries.length).toBeLessThan(2_500)
  })

  test('is told where its compressed data is damaged', async () => {
    const damaged = Buffer.from(compressed)
    damaged.fill(0xff, compressed.length >> 1, (compressed.length >> 1) + 64)
    expect((await readFileOf('a.jsonl.gz', damaged)).error).toBe('the compressed data is damaged')
  })

  test('is told where there is no such file', async () => {
    const folder = await temporaryFolder()
    expect(await readPath(join(folder, 'missing.json'))).toMatchObject({
      entries: [],
      error: 'there is no such file',
    })
  })

  test('is told where a directory cannot be listed', async () => {
    const folder = await temporaryFolder()
    expect((await readPath(folder)).error).toBe('it is a directory whose files cannot be listed')
  })
})

test('reading tells the bytes that lie on the disk', async () => {
  const content = gzipSync(`${one}\n`.repeat(10_000))
  const { bytes, entries } = await readFileOf('a.jsonl.gz', content)
  expect([bytes, entries.length]).toEqual([content.length, 10_000])
})

test('reading ends without a complaint once it is aborted', async () => {
  const folder = await temporaryFolder({ 'a.json': one })
  expect(await readPath(join(folder, 'a.json'), AbortSignal.abort())).toMatchObject({
    entries: [],
    error: null,
  })
})

// Streams of bytes for what splits them, and entries as they are compared.

import type { RawEntry } from '../../../src/sources/files/raw-entry.ts'

/** Yields a text in chunks of so many bytes. */
export async function* inChunks(text: string, bytes: number): AsyncGenerator<Buffer> {
  const whole = Buffer.from(text)
  for (let start = 0; start < whole.length; start += bytes) yield whole.subarray(start, start + bytes)
}

/** Returns everything that is yielded. */
export const collect = async <Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> => {
  const found: Item[] = []
  for await (const item of items) found.push(item)
  return found
}

/** Returns an entry's text, or what is wrong with it. */
export const shown = (entry: RawEntry): string =>
  'bytes' in entry ? entry.bytes.toString('utf8') : entry.problem

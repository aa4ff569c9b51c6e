// JSON lines: one entry a line, blank lines skipped. Guarantee: bounded memory, whatever the length of a line.

import { largestEntryBytes, type RawEntry, rawEntry, tooLarge } from './raw-entry.ts'

const newline = 0x0a

/**
 * Yields the entries of a stream of JSON lines, those that a chunk completes together: one by one each would take several
 * turns of the event loop's queue. `ordinal` is the line's number, from 1.
 */
export async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly RawEntry[]> {
  let line = 1
  let pending: Buffer[] = []
  let pendingBytes = 0
  const finishLine = (): RawEntry | null => {
    // Of a line that is too long nothing is kept but the fact.
    const entry =
      pendingBytes > largestEntryBytes
        ? tooLarge(line)
        : lineEntry(
            line,
            pending.length === 1 && pending[0] !== undefined ? pending[0] : Buffer.concat(pending),
          )
    line += 1
    pending = []
    pendingBytes = 0
    return entry
  }
  const keep = (part: Buffer): void => {
    pendingBytes += part.length
    if (pendingBytes <= largestEntryBytes) pending.push(part)
    else pending = []
  }
  for await (const chunk of chunks) {
    const entries: RawEntry[] = []
    let start = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      keep(chunk.subarray(start, end))
      start = end + 1
      const entry = finishLine()
      if (entry !== null) entries.push(entry)
    }
    if (start < chunk.length) keep(chunk.subarray(start))
    yield entries
  }
  const last = finishLine()
  if (last !== null) yield [last]
}

const lineEntry = (line: number, bytes: Buffer): RawEntry | null => {
  let [start, end] = [0, bytes.length]
  while (start < end && isBlank(bytes[start])) start += 1
  while (end > start && isBlank(bytes[end - 1])) end -= 1
  return start === end ? null : rawEntry(line, bytes.subarray(start, end))
}

const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d

// The entries of one input: a file or stdin, gzip or not, JSON or JSON lines. Streamed, never read whole.

import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { systemErrorCode } from '../../core/system-error-code.ts'
import { BillingSyncError } from '../../errors.ts'
import { formatOf } from './input-format.ts'
import { openInput } from './open-input.ts'
import type { RawEntry } from './raw-entry.ts'
import { splitJson } from './split-json.ts'
import { splitLines } from './split-lines.ts'

/** Most bytes looked at to tell JSON from JSON lines. */
const mostHeadBytes = 1024 * 1024

export interface ReadListener {
  /** Told of the bytes read, as they lie on disk. */
  readonly onBytes: (count: number) => void
  /** Ends the reading, even of a stdin that is silent. */
  readonly signal: AbortSignal
}

/**
 * Yields the entries of an input, some at a time. Throws `input_unreadable` where it ends badly; what came before is
 * yielded.
 */
export async function* readEntries(
  path: string,
  listener: ReadListener,
): AsyncGenerator<readonly RawEntry[]> {
  try {
    const [start, chunks] = await peek(
      inflate(readBytes(path, listener)),
      (seen) =>
        seen.length >= mostHeadBytes ||
        (seen.length >= byteOrderMark.length && formatOf(path, withoutMark(seen), false) !== null),
    )
    const head = withoutMark(start)
    const whole = continueWith(head, chunks)
    yield* formatOf(path, head, true) === 'lines' ? splitLines(whole) : splitJson(whole)
  } catch (error) {
    if (listener.signal.aborted) return
    throw new BillingSyncError('input_unreadable', { path, reason: reasonOf(error) }, { cause: error })
  }
}

async function* readBytes(path: string, { onBytes, signal }: ReadListener): AsyncGenerator<Buffer> {
  const input = await openInput(path, signal)
  for await (const chunk of input as AsyncIterable<Buffer>) {
    onBytes(chunk.length)
    yield chunk
  }
}

const gzipMagic = Buffer.from([0x1f, 0x8b])

async function* inflate(input: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  const [head, rest] = await peek(input, ({ length }) => length >= gzipMagic.length)
  const whole = continueWith(head, rest)
  if (head.subarray(0, gzipMagic.length).equals(gzipMagic)) yield* gunzip(whole)
  else yield* whole
}

async function* gunzip(compressed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const inflated = createGunzip()
  // A broken input reaches the reader of `inflated` as its error.
  pipeline(Readable.from(compressed), inflated, () => undefined)
  yield* inflated as AsyncIterable<Buffer> // a stream without an encoding yields buffers
}

async function* continueWith(head: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
}

// Takes bytes until there are enough, or no more. A fault in the head is told where it stood: after what came before it.
const peek = async (
  chunks: AsyncIterator<Buffer>,
  isEnough: (head: Buffer) => boolean,
): Promise<[Buffer, AsyncIterator<Buffer>]> => {
  let head = Buffer.alloc(0)
  try {
    while (!isEnough(head)) {
      const next = await chunks.next()
      if (next.done === true) break
      head = Buffer.concat([head, next.value])
    }
    return [head, chunks]
  } catch (error) {
    return [head, { next: () => Promise.reject(error) }]
  }
}

const byteOrderMark = Buffer.from('\uFEFF')

// Editors on Windows put it before the text, and it is no JSON.
const withoutMark = (head: Buffer): Buffer =>
  head.subarray(0, byteOrderMark.length).equals(byteOrderMark) ? head.subarray(byteOrderMark.length) : head

const reasonOf = (error: unknown): string => {
  const code = systemErrorCode(error) ?? 'unknown error'
  return reasons[code] ?? code
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory whose files cannot be listed',
  Z_BUF_ERROR: 'the compressed data ends too early',
  Z_DATA_ERROR: 'the compressed data is damaged',
}

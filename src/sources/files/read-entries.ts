// The entries of one input: a file or stdin, gzip or not, JSON or JSON lines. Streamed, never read whole.

import { createReadStream } from 'node:fs'
import { extname } from 'node:path'
import { addAbortSignal, pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { BillingSyncError } from '../../errors.ts'
import type { RawEntry } from './raw-entry.ts'
import { splitJson } from './split-json.ts'
import { splitLines } from './split-lines.ts'

/** Name that stands for stdin. */
export const stdinName = '-'

/** Bytes looked at to tell JSON from JSON lines. */
const headBytes = 1024 * 1024

export interface ReadListener {
  /** Told of the bytes read, as they lie on disk. */
  readonly onBytes: (count: number) => void
  /** Ends the reading, even of a stdin that is silent. */
  readonly signal: AbortSignal
}

/** Yields the entries of an input. Throws `input_unreadable` where it ends badly; what came before is yielded. */
export async function* readEntries(path: string, listener: ReadListener): AsyncGenerator<RawEntry> {
  try {
    const [head, chunks] = await peek(inflate(readBytes(path, listener)))
    yield* isLines(path, head) ? splitLines(chunks) : splitJson(chunks)
  } catch (error) {
    if (listener.signal.aborted) return
    throw new BillingSyncError('input_unreadable', { path, reason: reasonOf(error) }, { cause: error })
  }
}

async function* readBytes(path: string, { onBytes, signal }: ReadListener): AsyncGenerator<Buffer> {
  const input = addAbortSignal(signal, path === stdinName ? process.stdin : createReadStream(path))
  for await (const chunk of input as AsyncIterable<Buffer>) {
    onBytes(chunk.length)
    yield chunk
  }
}

const gzipMagic = Buffer.from([0x1f, 0x8b])

async function* inflate(input: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const iterator = input[Symbol.asyncIterator]()
  const first = await iterator.next()
  if (first.done === true) return
  const rest = continueWith(first.value, iterator)
  if (!first.value.subarray(0, 2).equals(gzipMagic)) yield* rest
  else yield* gunzip(rest)
}

async function* gunzip(compressed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const inflated = createGunzip()
  // A broken input reaches the reader of `inflated` as its error.
  pipeline(Readable.from(compressed), inflated, () => undefined)
  yield* inflated as AsyncIterable<Buffer> // a stream without an encoding yields buffers
}

async function* continueWith(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
}

// A fault in the head is told where it stood: after what came before it.
const peek = async (chunks: AsyncIterator<Buffer>): Promise<[Buffer, AsyncGenerator<Buffer>]> => {
  const taken: Buffer[] = []
  const rest = await takeHead(chunks, taken).then(
    () => chunks,
    (error: unknown) => ({ next: () => Promise.reject(error) }),
  )
  const head = withoutMark(Buffer.concat(taken))
  return [head, continueWith(head, rest)]
}

const takeHead = async (chunks: AsyncIterator<Buffer>, taken: Buffer[]): Promise<void> => {
  for (let size = 0; size < headBytes; ) {
    const next = await chunks.next()
    if (next.done === true) return
    taken.push(next.value)
    size += next.value.length
  }
}

const byteOrderMark = Buffer.from('\uFEFF')

// Editors on Windows put it before the text, and it is no JSON.
const withoutMark = (head: Buffer): Buffer =>
  head.subarray(0, byteOrderMark.length).equals(byteOrderMark) ? head.subarray(byteOrderMark.length) : head

// JSON that is printed over several lines never has a complete object with a key `object` on its first lines,
// unless it is an array.
const isLines = (path: string, head: Buffer): boolean => {
  if (/\.(jsonl|ndjson)$/.test(extname(path) === '.gz' ? path.slice(0, -3) : path)) return true
  const lines = head
    .toString('utf8')
    .split('\n', 3)
    .map((line) => line.trim())
  return !lines[0]?.startsWith('[') && lines.some(isWholeEvent)
}

const isWholeEvent = (line: string): boolean => {
  if (!line.startsWith('{') || !line.endsWith('}')) return false
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && 'object' in value && value.object !== 'list'
  } catch {
    // Not JSON by itself: part of something longer.
    return false
  }
}

const reasonOf = (error: unknown): string => {
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown error'
  return reasons[code] ?? code
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory whose files can not be listed',
  Z_BUF_ERROR: 'the compressed data ends too early',
  Z_DATA_ERROR: 'the compressed data is damaged',
}

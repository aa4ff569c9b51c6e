// The entries of one input: a file or stdin, gzip or not, JSON or JSON lines. Streamed, never read whole.

import { extname } from 'node:path'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { systemErrorCode } from '../../core/system-error-code.ts'
import { BillingSyncError } from '../../errors.ts'
import { openInput } from './open-input.ts'
import type { RawEntry } from './raw-entry.ts'
import { splitJson } from './split-json.ts'
import { splitLines } from './split-lines.ts'

/** Bytes looked at to tell JSON from JSON lines. */
const headBytes = 1024 * 1024

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
    const [start, chunks] = await peek(inflate(readBytes(path, listener)), headBytes)
    const head = withoutMark(start)
    yield* isLines(path, head)
      ? splitLines(continueWith(head, chunks))
      : splitJson(continueWith(head, chunks))
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
  const [head, rest] = await peek(input, gzipMagic.length)
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

// Takes so many bytes, fewer where there are no more. A fault in the head is told where it stood: after what came
// before it.
const peek = async (
  chunks: AsyncIterator<Buffer>,
  bytes: number,
): Promise<[Buffer, AsyncIterator<Buffer>]> => {
  const taken: Buffer[] = []
  const rest = await takeHead(chunks, taken, bytes).then(
    () => chunks,
    (error: unknown) => ({ next: () => Promise.reject(error) }),
  )
  return [Buffer.concat(taken), rest]
}

const takeHead = async (chunks: AsyncIterator<Buffer>, taken: Buffer[], bytes: number): Promise<void> => {
  for (let size = 0; size < bytes; ) {
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

// The first line decides where it is JSON by itself, or begins what is printed over several lines. Else it is damaged,
// and the lines after it tell.
const isLines = (path: string, head: Buffer): boolean => {
  if (/\.(jsonl|ndjson)$/.test(extname(path) === '.gz' ? path.slice(0, -3) : path)) return true
  const lines = head
    .toString('utf8')
    .split('\n')
    .map((line) => line.trim())
  const first = lines.find((line) => line !== '') ?? ''
  if (isWholeObject(first)) return true
  return !/^\[|[[{,:]$/.test(first) && !isWhole(first) && lines.some(isWholeObject)
}

const isWholeObject = (line: string): boolean => {
  if (!line.startsWith('{') || !line.endsWith('}')) return false
  const value = parsed(line)
  return typeof value === 'object' && value !== null && !('object' in value && value.object === 'list')
}

const isWhole = (line: string): boolean => parsed(line) !== undefined

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    // Not JSON by itself: part of something longer, or damaged.
    return undefined
  }
}

const reasonOf = (error: unknown): string => {
  const code = systemErrorCode(error) ?? 'unknown error'
  return reasons[code] ?? code
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory whose files can not be listed',
  Z_BUF_ERROR: 'the compressed data ends too early',
  Z_DATA_ERROR: 'the compressed data is damaged',
}

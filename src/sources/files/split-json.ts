// A JSON document as entries: one event object, an array of events, or a Stripe list (`{"object": "list", "data":
// […]}`), of any size, several documents after one another too. Guarantee: every entry comes in the bytes it stands
// in; no more than one entry and one chunk are held in memory; an entry that is no JSON takes no other with it as
// long as its brackets and quotes are balanced. Only brackets and strings are looked at here: what an entry holds is
// for who parses it. (A tokenizer of the whole text took three to six times as long, and 540 MB for a string of 200 MB.)

import { ByteWindow } from './byte-window.ts'
import type { RawEntry } from './raw-entry.ts'

/** Yields the entries of a JSON stream, those that a chunk completes together; `ordinal` counts them from 1. */
export async function* splitJson(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly RawEntry[]> {
  const splitter = new JsonSplitter()
  for await (const chunk of chunks) yield splitter.write(chunk)
  yield splitter.end()
}

/**
 * Where the text is: between documents; in an array of entries; in an object that is an event unless it turns out to
 * have an array under `data`; in that array; in what follows it.
 */
type Place = 'top' | 'array' | 'object' | 'list_data' | 'list_rest'

/** Depth at which an entry's own brackets open. */
const entryDepths: Readonly<Record<Place, number | null>> = {
  top: 0,
  array: 1,
  object: null,
  list_data: 2,
  list_rest: null,
}

const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const colon = 0x3a
const newline = 0x0a
const leftBrace = 0x7b
const rightBrace = 0x7d
const leftBracket = 0x5b
const rightBracket = 0x5d
const blanks: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0d])

/** The key of a list's entries, with its quotes. */
const listKey = '"data"'

class JsonSplitter {
  readonly #window = new ByteWindow()
  #found: RawEntry[] = []
  #ordinal = 1
  #place: Place = 'top'
  #depth = 0
  /** Offset in the stream of the chunk under way. */
  #offset = 0
  #inString = false
  #escaped = false
  #stringStart = 0
  /** The last string at depth 1 of an object: before an opening bracket it is its key. */
  #lastKey: string | null = null
  /** True in the middle of a number, a word or a string that stands where an entry should. */
  #inScalar = false

  write(chunk: Buffer): readonly RawEntry[] {
    this.#window.append(chunk)
    for (let at = 0; at < chunk.length; at += 1) {
      if (this.#inString) at = this.#passString(chunk, at)
      else this.#accept(chunk[at], this.#offset + at)
    }
    this.#offset += chunk.length
    this.#window.dropUnneeded()
    return this.#take()
  }

  end(): readonly RawEntry[] {
    if (this.#depth > 0 || this.#inString) this.#emit(this.#invalid('the input ends in the middle of it'))
    else this.#endScalar(this.#offset)
    return this.#take()
  }

  #take(): readonly RawEntry[] {
    const found = this.#found
    this.#found = []
    return found
  }

  // Returns the place of the string's last quote, or the chunk's end.
  #passString(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at += 1) {
      const byte = chunk[at]
      if (this.#escaped) this.#escaped = false
      else if (byte === backslash) this.#escaped = true
      else if (byte === quote) {
        this.#endString(this.#offset + at + 1)
        return at
      }
    }
    return chunk.length
  }

  #endString(end: number): void {
    this.#inString = false
    if (this.#place === 'object' && this.#depth === 1)
      this.#lastKey = this.#window.textOf(this.#stringStart, end, listKey.length)
  }

  #accept(byte: number | undefined, offset: number): void {
    if (byte === leftBrace || byte === leftBracket) this.#open(byte, offset)
    else if (byte === rightBrace || byte === rightBracket) this.#close(offset)
    else if (byte === comma || byte === newline) this.#endScalar(offset)
    else if (byte !== colon && !blanks.has(byte)) this.#beginText(byte, offset)
  }

  #beginText(byte: number | undefined, offset: number): void {
    if (byte === quote) {
      this.#inString = true
      this.#stringStart = offset
    }
    if (this.#inScalar || this.#depth !== entryDepths[this.#place]) return
    this.#inScalar = true
    this.#window.keepFrom(offset)
  }

  #endScalar(offset: number): void {
    if (!this.#inScalar) return
    this.#inScalar = false
    this.#emit(this.#window.takeTo(offset, this.#ordinal))
  }

  #open(byte: number, offset: number): void {
    this.#endScalar(offset)
    if (this.#depth === 0 && byte === leftBracket) this.#place = 'array'
    else if (this.#depth === 0) this.#enterObject(offset)
    else if (this.#isListData(byte)) this.#enterList()
    else if (this.#depth === entryDepths[this.#place]) this.#window.keepFrom(offset)
    this.#depth += 1
  }

  #enterObject(offset: number): void {
    this.#place = 'object'
    this.#lastKey = null
    this.#window.keepFrom(offset)
  }

  #isListData(byte: number): boolean {
    return this.#place === 'object' && this.#depth === 1 && byte === leftBracket && this.#lastKey === listKey
  }

  #enterList(): void {
    this.#place = 'list_data'
    this.#window.keepNothing()
  }

  #close(offset: number): void {
    this.#endScalar(offset)
    if (this.#depth === 0) {
      this.#emit(this.#invalid('it is a closing bracket that nothing opened'))
      return
    }
    this.#depth -= 1
    const isObject = this.#place === 'object' && this.#depth === 0
    if (isObject || this.#depth === entryDepths[this.#place])
      this.#emit(this.#window.takeTo(offset + 1, this.#ordinal))
    if (this.#place === 'list_data' && this.#depth === 1) this.#place = 'list_rest'
    if (this.#depth === 0) this.#place = 'top'
  }

  #invalid(problem: string): RawEntry {
    return { ordinal: this.#ordinal, code: 'event_invalid', problem }
  }

  #emit(entry: RawEntry): void {
    this.#found.push(entry)
    this.#ordinal += 1
  }
}

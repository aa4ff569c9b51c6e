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
 * have an array under `data` and says nothing else than that it is a list; in that array; in what follows it.
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

/** The key of a list's entries, that of an object's kind, and the kind of a list, with their quotes. */
const entriesKey = '"data"'
const kindKey = '"object"'
const listKind = '"list"'

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
  /** The last string at depth 1 of an object: before a colon it is a key. Null where it is longer than what is looked for. */
  #lastString: string | null = null
  #key: string | null = null
  /** What the object under way says that it is; null as long as it says nothing. */
  #kind: 'list' | 'other' | null = null
  /** Ordinal of the first entry of the list under way. */
  #listStart = 0
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
    if (!this.#isAtField()) return
    this.#lastString = this.#window.textOf(this.#stringStart, end, kindKey.length)
    if (this.#key === kindKey && this.#lastString === listKind) this.#kind = 'list'
  }

  #isAtField(): boolean {
    return this.#depth === 1 && (this.#place === 'object' || this.#place === 'list_rest')
  }

  #endKey(): void {
    this.#key = this.#lastString
    if (this.#key === kindKey) this.#kind = 'other'
  }

  #accept(byte: number | undefined, offset: number): void {
    if (byte === leftBrace || byte === leftBracket) this.#open(byte, offset)
    else if (byte === rightBrace || byte === rightBracket) this.#close(offset)
    else if (byte === comma && this.#isAtField()) this.#key = null
    else if (byte === comma || byte === newline) this.#endScalar(offset)
    else if (byte === colon && this.#isAtField()) this.#endKey()
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
    this.#key = null
    this.#kind = null
    this.#window.keepFrom(offset)
  }

  #isListData(byte: number): boolean {
    const isFirst = this.#place === 'object' && this.#depth === 1 && this.#kind !== 'other'
    return isFirst && byte === leftBracket && this.#key === entriesKey
  }

  #enterList(): void {
    this.#place = 'list_data'
    this.#listStart = this.#ordinal
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
    if (this.#place === 'list_rest' && this.#depth === 0) this.#endList()
    if (this.#place === 'list_data' && this.#depth === 1) this.#leaveList(offset + 1)
    if (this.#depth === 0) this.#place = 'top'
  }

  #leaveList(offset: number): void {
    this.#place = 'list_rest'
    this.#window.keepFrom(offset)
  }

  // Its kind may stand behind its entries, which are read by then.
  #endList(): void {
    this.#window.keepNothing()
    const isEmpty = this.#ordinal === this.#listStart
    if (this.#kind === 'other' || (this.#kind === null && isEmpty))
      this.#emit(this.#invalid('it has an array under data, but is no list by its object'))
  }

  #invalid(problem: string): RawEntry {
    return { ordinal: this.#ordinal, code: 'event_invalid', problem }
  }

  #emit(entry: RawEntry): void {
    this.#found.push(entry)
    this.#ordinal += 1
  }
}

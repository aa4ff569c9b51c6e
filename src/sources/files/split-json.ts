// A JSON document as entries: one event object, an array of events, or a Stripe list (`{"object": "list", "data":
// […]}`), of any size, several documents after one another too. Guarantee: every entry comes in the bytes it
// stands in, and no more than one entry and one chunk are held in memory.

import { Tokenizer, TokenType } from '@streamparser/json'
import { ByteWindow } from './byte-window.ts'
import type { RawEntry } from './raw-entry.ts'

/** Yields the entries of a JSON stream; `ordinal` counts them from 1. Ends at what is no JSON, saying so. */
export async function* splitJson(chunks: AsyncIterable<Buffer>): AsyncGenerator<RawEntry> {
  const splitter = new JsonSplitter()
  for await (const chunk of chunks) {
    yield* splitter.write(chunk)
    if (splitter.broken) return
  }
  yield* splitter.end()
}

/**
 * Where the tokens are: between documents; in an array of entries; in an object that is an event unless it turns
 * out to have an array under `data`; in that array; in what follows it.
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

class JsonSplitter {
  broken = false
  readonly #tokenizer = new Tokenizer({ separator: '' })
  readonly #window = new ByteWindow()
  #found: RawEntry[] = []
  #ordinal = 1
  #place: Place = 'top'
  #depth = 0
  #lastKey: unknown = null

  constructor() {
    this.#tokenizer.onToken = ({ token, value, offset }) => this.#accept(token, value, offset)
    this.#tokenizer.onError = () => this.#breakOff('it is not valid JSON')
  }

  write(chunk: Buffer): readonly RawEntry[] {
    this.#window.append(chunk)
    this.#tokenizer.write(chunk)
    this.#window.dropUnneeded()
    return this.#take()
  }

  end(): readonly RawEntry[] {
    if (this.#depth > 0) this.#breakOff('the input ends in the middle of it')
    // A number ends with the input only; another token that has not ended is no JSON.
    else if (!this.broken) this.#tokenizer.end()
    return this.#take()
  }

  #take(): readonly RawEntry[] {
    const found = this.#found
    this.#found = []
    return found
  }

  #breakOff(problem: string): void {
    if (!this.broken) this.#found.push({ ordinal: this.#ordinal, problem })
    this.broken = true
  }

  #accept(token: TokenType, value: unknown, offset: number): void {
    if (this.broken) return
    if (token === TokenType.LEFT_BRACE || token === TokenType.LEFT_BRACKET) this.#open(token, offset)
    else if (token === TokenType.RIGHT_BRACE || token === TokenType.RIGHT_BRACKET) this.#close(offset)
    else if (token !== TokenType.COLON && token !== TokenType.COMMA && token !== TokenType.SEPARATOR)
      this.#scalar(value)
  }

  #open(token: TokenType, offset: number): void {
    if (this.#depth === 0 && token === TokenType.LEFT_BRACKET) this.#place = 'array'
    else if (this.#depth === 0) this.#enterObject(offset)
    else if (this.#isListData(token)) this.#enterList()
    else if (this.#depth === entryDepths[this.#place]) this.#window.keepFrom(offset)
    this.#depth += 1
  }

  #enterObject(offset: number): void {
    this.#place = 'object'
    this.#window.keepFrom(offset)
  }

  #isListData(token: TokenType): boolean {
    return (
      this.#place === 'object' &&
      this.#depth === 1 &&
      token === TokenType.LEFT_BRACKET &&
      this.#lastKey === 'data'
    )
  }

  #enterList(): void {
    this.#place = 'list_data'
    this.#window.keepNothing()
  }

  #close(offset: number): void {
    if (this.#depth === 0) {
      this.#breakOff('it is not valid JSON')
      return
    }
    this.#depth -= 1
    const isObject = this.#place === 'object' && this.#depth === 0
    if (isObject || this.#depth === entryDepths[this.#place])
      this.#emit(this.#window.takeTo(offset + 1, this.#ordinal))
    if (this.#place === 'list_data' && this.#depth === 1) this.#place = 'list_rest'
    if (this.#depth === 0) this.#place = 'top'
  }

  // At depth 1 of an object, the string before an opening bracket is its key.
  #scalar(value: unknown): void {
    if (this.#depth === 1) this.#lastKey = value
    if (this.#depth !== entryDepths[this.#place]) return
    this.#emit({ ordinal: this.#ordinal, bytes: Buffer.from(JSON.stringify(value)) })
  }

  #emit(entry: RawEntry): void {
    this.#found.push(entry)
    this.#ordinal += 1
  }
}

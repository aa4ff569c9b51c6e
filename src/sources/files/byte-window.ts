// The bytes of a stream from the start of the entry under way on.

import { largestEntryBytes, type RawEntry, rawEntry, tooLarge } from './raw-entry.ts'

/** Holds some of a stream; offsets are in bytes from its beginning. */
export class ByteWindow {
  #held: Buffer = Buffer.alloc(0)
  /** Offset in the stream of the first byte held. */
  #start = 0
  #keptFrom: number | null = null
  #overflown = false

  append(chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
  }

  /** Keeps what comes from this offset on, until it is taken. */
  keepFrom(offset: number): void {
    this.#keptFrom = offset
    this.#overflown = false
  }

  keepNothing(): void {
    this.#keptFrom = null
  }

  /** Returns what was kept up to the offset, as an entry. */
  takeTo(offset: number, ordinal: number): RawEntry {
    const from = this.#keptFrom ?? offset
    this.#keptFrom = null
    if (this.#overflown) return tooLarge(ordinal)
    return rawEntry(ordinal, this.#held.subarray(from - this.#start, offset - this.#start))
  }

  /** Returns what lies between two offsets, or null where it is of more bytes than that or no longer held. */
  textOf(from: number, to: number, mostBytes: number): string | null {
    if (to - from > mostBytes || from < this.#start) return null
    return this.#held.toString('latin1', from - this.#start, to - this.#start)
  }

  /** Forgets what is no part of the entry under way, and that entry too once it is too large to be kept. */
  dropUnneeded(): void {
    const end = this.#start + this.#held.length
    const from = this.#overflown ? end : Math.max(this.#start, this.#keptFrom ?? end)
    this.#held = this.#held.subarray(from - this.#start)
    this.#start = from
    if (this.#held.length > largestEntryBytes) this.#overflow()
  }

  #overflow(): void {
    this.#overflown = true
    this.#start += this.#held.length
    this.#held = Buffer.alloc(0)
  }
}

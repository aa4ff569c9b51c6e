// A fingerprint of a Stripe object's state, used to tell which of several events of one second follows which.
// Guarantees: key order does not matter; a key that is null counts like one that is absent (Stripe writes null
// for both in `previous_attributes`). It is no security measure: a merchant who forged a collision would
// confuse the order of his own object's events within one second, and nothing else.

import { isJsonObject, type Json, type JsonObject, own } from './json.ts'

/** Fingerprints of a state and of the one before it: 1 to 14 characters of base 36 each. */
export interface Fingerprints {
  readonly to: string
  /** Null where nobody tells what was before. */
  readonly from: string | null
}

/**
 * Returns the fingerprint of a state, and of the state before the update that led to it: `content` with `previous`
 * laid over it, nested hashes key by key, as Stripe renders `previous_attributes`
 * (https://docs.stripe.com/api/events/object).
 */
export const fingerprintsOf = (content: JsonObject, previous: JsonObject | null): Fingerprints => {
  const sum = new EntrySum()
  for (const key in content) sum.add(key, content[key], 1)
  const to = sum.format()
  if (previous === null) return { to, from: null }
  for (const key of Object.keys(previous)) {
    const now = own(content, key)
    sum.add(key, now, -1)
    sum.add(key, restore(now, own(previous, key)), 1)
  }
  return { to, from: sum.format() }
}

const restore = (now: Json | undefined, before: Json | undefined): Json | undefined => {
  if (!isJsonObject(now) || !isJsonObject(before)) return before
  return Object.fromEntries(
    [...new Set([...Object.keys(now), ...Object.keys(before)])].map((key) => [
      key,
      Object.hasOwn(before, key)
        ? (restore(own(now, key), own(before, key)) ?? null)
        : (own(now, key) ?? null),
    ]),
  )
}

/** Two sums of 32 bits, one term per top-level key, so that a state that differs in one key is one term away. */
class EntrySum {
  #high = 0
  #low = 0
  readonly #mixer = new Mixer()

  add(key: string, value: Json | undefined, sign: 1 | -1): void {
    if (value === null || value === undefined) return
    this.#mixer.entry(key, value)
    this.#high = (this.#high + sign * this.#mixer.high) | 0
    this.#low = (this.#low + sign * this.#mixer.low) | 0
  }

  format(): string {
    return (this.#high >>> 0).toString(36) + (this.#low >>> 0).toString(36).padStart(7, '0')
  }
}

// Two multiplicative lanes (the constants of MurmurHash3 and cyrb53): 64 bits, one pass without a copy of anything.
// SHA-1 of sorted JSON took thirty times as long (measured).
const highFactor = 0x85ebca77
const lowFactor = 0xc2b2ae3d
const highSeed = 0x9e3779b9 | 0
const lowSeed = 0x85ebca6b | 0

// Methods are private by type only: unoptimised code looks up each `#` that it calls.
class Mixer {
  high = highSeed
  low = lowSeed

  /** Starts anew with a key and its value. */
  entry(key: string, value: Json): void {
    this.start(key)
    this.value(value)
  }

  // Stripe's objects have the same few hundred keys again and again.
  private start(key: string): void {
    const known = knownKeys.get(key)
    this.high = known?.high ?? highSeed
    this.low = known?.low ?? lowSeed
    if (known !== undefined) return
    this.text(key)
    if (knownKeys.size < mostKnownKeys) knownKeys.set(key, { high: this.high, low: this.low })
  }

  private value(value: Json): void {
    if (typeof value === 'string') this.text(value)
    else if (typeof value !== 'object' || value === null) this.scalar(value)
    else if (isList(value)) this.array(value)
    else this.object(value)
  }

  private scalar(value: number | boolean | null): void {
    const word = Number(value) | 0
    if (word !== value) this.text(`\u0001${String(value)}`)
    else {
      this.word(word)
      this.word(0x30000)
    }
  }

  // Two units a round.
  private text(text: string): void {
    let { high, low } = this
    const { length } = text
    for (let index = 0; index < length; index += 2) {
      const pair = text.charCodeAt(index) | (index + 1 < length ? text.charCodeAt(index + 1) << 16 : 0)
      high = Math.imul(high ^ pair, highFactor)
      low = Math.imul(low ^ pair, lowFactor)
      high ^= low >>> 15
      low ^= high >>> 13
    }
    this.high = high
    this.low = low
    this.word(0x10000 + length)
  }

  private array(items: readonly Json[]): void {
    for (let index = 0; index < items.length; index += 1) this.value(items[index] ?? null)
    this.word(0x20000 + items.length)
  }

  // A sum over the entries, so that their order does not matter. A `for in` reads each value by its place, without a
  // list of keys or values: half the time (measured).
  private object(object: JsonObject): void {
    const { high, low } = this
    let sumHigh = 0
    let sumLow = 0
    for (const key in object) {
      const value = object[key]
      if (value === null || value === undefined) continue
      this.entry(key, value)
      sumHigh = (sumHigh + this.high) | 0
      sumLow = (sumLow + this.low) | 0
    }
    this.high = high
    this.low = low
    this.word(sumHigh)
    this.word(sumLow)
  }

  private word(word: number): void {
    this.high = Math.imul(this.high ^ word, highFactor)
    this.low = Math.imul(this.low ^ word, lowFactor)
    this.high ^= this.low >>> 15
    this.low ^= this.high >>> 13
  }
}

/** What a mixer holds after a key; strangers name keys too, so there is a limit to how many are kept. */
const knownKeys = new Map<string, { readonly high: number; readonly low: number }>()
const mostKnownKeys = 2_000

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

// Things in Stripe's listing order: by `created`, and within one second in an order that is stable but arbitrary.
// Held oldest first, so that the usual insertion of something new is an append.
import { orderWithinSecond } from './ids.ts'

export interface Shelved {
  readonly id: string
  readonly created: number
}

/** Keeps things sorted, and finds places in them by binary search. */
export class Shelf<T extends Shelved> {
  readonly #sorted: T[] = []

  /** Everything, oldest first. */
  get oldestFirst(): readonly T[] {
    return this.#sorted
  }

  insert(thing: T): void {
    const place = placeOf(this.#sorted, thing)
    if (place === this.#sorted.length) this.#sorted.push(thing)
    else this.#sorted.splice(place, 0, thing)
  }

  /** Puts the newer state of a thing in the place of the one with the same id and `created`. */
  replace(thing: T): void {
    this.#sorted[placeOf(this.#sorted, thing)] = thing
  }

  remove(thing: T): void {
    this.#sorted.splice(placeOf(this.#sorted, thing), 1)
  }
}

/** Returns the index of a thing in a sorted list, or the one at which it would have to be put. */
export const placeOf = (sorted: readonly Shelved[], thing: Shelved): number =>
  firstIndex(sorted, (other) => compare(other, thing) >= 0)

/** Returns the index of the first thing that was created at this second or later. */
export const placeOfSecond = (sorted: readonly Shelved[], unixSeconds: number): number =>
  firstIndex(sorted, (other) => other.created >= unixSeconds)

/** Sorts things as a shelf does. */
export const shelved = <T extends Shelved>(things: Iterable<T>): readonly T[] => [...things].sort(compare)

const compare = (one: Shelved, other: Shelved): number =>
  one.created - other.created ||
  orderWithinSecond(one.id) - orderWithinSecond(other.id) ||
  (one.id < other.id ? -1 : Number(one.id !== other.id))

const firstIndex = (sorted: readonly Shelved[], isReached: (thing: Shelved) => boolean): number => {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const thing = sorted[middle]
    if (thing === undefined || isReached(thing)) high = middle
    else low = middle + 1
  }
  return low
}

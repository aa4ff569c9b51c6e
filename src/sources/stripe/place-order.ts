// Which places of a budget a request may take, and in what order. Events wait for some reads, lists can wait: the last
// quarter of a budget's places is kept for the first while somebody makes them. Guarantee: whoever shares a store numbers
// the places alike, whatever rate it was held to itself.

/** `events`: reads that events wait for, with the whole budget. `lists`: all others, which leave them their quarter. */
export type PaceShare = 'events' | 'lists'

export interface PlaceSharing {
  readonly share: PaceShare
  /** Requests a second that Stripe allows: the budget as everybody counts it. */
  readonly whole: number
  /** Tells whether the quarter is kept now. */
  readonly isKept: () => boolean
}

/** Orders the places of one budget for one share of it. */
export class PlaceOrder {
  readonly #share: PaceShare
  readonly #isKept: () => boolean
  readonly #common: Ring
  readonly #kept: Ring
  readonly #all: Ring

  /** @param places how many this budget has, where it is held to a lower rate fewer than the whole */
  constructor(places: number, { share, whole, isKept }: PlaceSharing) {
    const common = Math.min(places, Math.max(1, whole - Math.ceil(whole / 4)))
    this.#share = share
    this.#isKept = isKept
    this.#common = new Ring(0, common)
    this.#kept = new Ring(common, places - common)
    this.#all = new Ring(0, places)
  }

  /** Yields places to be tried, the one that has been free longest first, and no more than so many. */
  *first(most: number): Generator<number> {
    if (this.#share === 'events') {
      yield* this.#kept.first(most)
      yield* this.#common.first(most - this.#kept.count)
      return
    }
    yield* (this.#isKept() ? this.#common : this.#all).first(most)
  }

  /** Tells that a place was taken. */
  took(place: number): void {
    for (const ring of [this.#kept, this.#common, this.#all]) ring.took(place)
  }
}

/** Places in a row, tried from the one after the last taken. */
class Ring {
  readonly #from: number
  readonly count: number
  #next = 0

  constructor(from: number, count: number) {
    this.#from = from
    this.count = count
  }

  *first(most: number): Generator<number> {
    const count = Math.min(most, this.count)
    for (let tried = 0; tried < count; tried += 1) yield this.#from + ((this.#next + tried) % count)
  }

  took(place: number): void {
    if (place >= this.#from && place < this.#from + this.count) this.#next = place - this.#from + 1
  }
}

// Seconds on Stripe's clock for reads. Guarantee: a read is never stamped later than it was sent, so that it never
// wins over an event it could not have seen; a local clock that runs ahead is found out by the answers' `Date`.

/** Estimates Stripe's clock from its answers. */
export class StripeClock {
  readonly #now: () => number
  /** Stripe's clock minus ours, in milliseconds, as far as proved: never more than the truth. */
  #offsetMs: number | null = null

  /** @param now milliseconds since 1970 on our clock */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Returns our time, to be handed back when the answer is here. */
  sending(): number {
    return this.#now()
  }

  /** Learns from an answer, and returns the second in which its request was sent. */
  secondOf(sentAt: number, dateHeader: string | null): number {
    const date = dateHeader === null ? Number.NaN : Date.parse(dateHeader)
    // The header is cut to the second and was written before the answer arrived: both err on the early side.
    if (!Number.isNaN(date))
      this.#offsetMs = Math.max(this.#offsetMs ?? Number.NEGATIVE_INFINITY, date - this.#now())
    return Math.floor((sentAt + (this.#offsetMs ?? 0)) / 1000)
  }
}

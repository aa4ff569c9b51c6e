// Seconds on Stripe's clock for reads. Guarantee: a read is never stamped later than it was sent, so that it never
// wins over an event it could not have seen; a local clock that is wrong, or is set meanwhile, is found out by the
// answers' `Date`, and the time between them is told by the clock that nobody sets.

import { type Instant, mostMsBetween } from '../../clocks.ts'

/** How far Stripe's clock is ahead of our steady one at least, and when that was proved. */
interface Proof {
  readonly aheadMs: number
  readonly steadyMs: number
}

/** What a proof loses with its age. Steady clocks drift by less than 100 ppm, and by 500 more while a time daemon slews. */
const drift = 0.001

/** Estimates Stripe's clock from its answers. */
export class StripeClock {
  readonly #now: () => Instant
  #proof: Proof | null = null

  /** @param now reads this machine's clocks */
  constructor(now: () => Instant) {
    this.#now = now
  }

  /** Returns our time, to be handed back when the answer is here. */
  sending(): Instant {
    return this.#now()
  }

  /** Learns from an answer, and returns the second in which its request was sent. */
  secondOf(sentAt: Instant, dateHeader: string | null): number {
    const dateMs = dateHeader === null ? Number.NaN : Date.parse(dateHeader)
    if (Number.isNaN(dateMs)) return Math.floor(this.#sentMs(sentAt) / 1000)
    this.#learn(sentAt, dateMs)
    // No request was sent after its answer, whatever became of our clocks.
    return Math.floor(Math.min(this.#sentMs(sentAt), dateMs) / 1000)
  }

  // Where Stripe told nothing yet, the wall clock is believed.
  #sentMs({ wallMs, steadyMs }: Instant): number {
    return this.#proof === null ? wallMs : steadyMs + aheadAt(this.#proof, steadyMs)
  }

  // The header is cut to the second and was written before the answer arrived: both err on the early side. A machine that
  // slept meanwhile waited longer than its steady clock tells.
  #learn(sentAt: Instant, dateMs: number): void {
    const now = this.#now()
    const aheadMs = dateMs - mostMsBetween(sentAt, now) - sentAt.steadyMs
    if (this.#proof === null || aheadMs > aheadAt(this.#proof, now.steadyMs))
      this.#proof = { aheadMs, steadyMs: now.steadyMs }
  }
}

const aheadAt = (proof: Proof, steadyMs: number): number =>
  proof.aheadMs - drift * Math.abs(steadyMs - proof.steadyMs)

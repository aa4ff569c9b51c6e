// At most so many requests in any second, of all who share the limiter's store. Guarantee: a request is let go only
// when one more since a second ago keeps to the budget, counted where Stripe counts: a place is free again one second
// after its answer came. (A window that begins with the first request would let twice the budget through around its
// end, and a place freed by its sending would count on equal ways to Stripe.)

import { type RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible'
import { PlaceOrder, type PlaceSharing } from './place-order.ts'

export interface BudgetOptions {
  /** Answers points of one per key; memory of the process, or Redis. */
  readonly limiter: RateLimiterAbstract
  /** Names the budget in the limiter's store. */
  readonly name: string
  readonly requestsPerSecond: number
  /** How the budget is shared with others; default: not at all. */
  readonly sharing?: PlaceSharing
}

/** Leave for one request. */
export interface Permit {
  /** Tells that the request is on its way. */
  readonly sent: () => void
  /** Tells that its answer is here, or that there will be none. */
  readonly answered: () => void
}

/** For how long a place is held at most, should its process die in between. */
export const holdSeconds = 10

/** Added to each second: the store's clock and timers count whole milliseconds, and a budget is never exceeded. */
const marginSeconds = 0.004

/** An answer that takes longer does not keep its place: by then the request has long arrived. */
const arrivalMs = 150

/** A 429 about the rate takes this part of the budget away for a while; each step gives one request back. */
const slowerBy = 0.7
const recoveryStepMs = 5_000

const unshared = (whole: number): PlaceSharing => ({ share: 'lists', whole, isKept: () => false })

interface Waiting {
  readonly grant: (permit: Permit) => void
}

/** Lets requests go as far as one budget allows. */
export class PaceBudget {
  readonly #options: BudgetOptions
  readonly #order: PlaceOrder
  /** Places of the budget, each good for one request in `#seconds`. */
  readonly #places: number
  readonly #seconds: number
  /** Places used now: fewer after Stripe complained. */
  #usable: number
  #mostUnderWay: number
  #underWay = 0
  #pausedUntilMs = 0
  #isPumping = false
  #timer: NodeJS.Timeout | undefined
  #wakesAtMs = Number.POSITIVE_INFINITY
  #recovery: NodeJS.Timeout | undefined
  #waiting: Waiting[] = []

  constructor(options: BudgetOptions) {
    this.#options = options
    const { requestsPerSecond, sharing } = options
    // The store counts in whole seconds.
    this.#places = Math.max(1, Math.floor(requestsPerSecond))
    this.#seconds = requestsPerSecond >= 1 ? 1 : Math.ceil(1 / requestsPerSecond)
    this.#usable = this.#places
    this.#mostUnderWay = this.#places
    this.#order = new PlaceOrder(this.#places, sharing ?? unshared(this.#places))
  }

  /** How many requests wait for leave. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** For how many milliseconds nothing is let go any more, since Stripe asked for a pause. */
  get pauseLeftMs(): number {
    return Math.max(0, this.#pausedUntilMs - performance.now())
  }

  /** Resolves when one more request keeps to the budget, in the order of asking; rejects when the signal aborts. */
  acquire(signal: AbortSignal): Promise<Permit> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        grant: (permit) => {
          signal.removeEventListener('abort', leave)
          resolve(permit)
        },
      }
      const leave = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting)
        // A timer that nobody waits for would keep the process from its end.
        if (this.#waiting.length === 0) this.#forgetTimer()
        reject(signal.reason)
      }
      if (signal.aborted) return leave()
      signal.addEventListener('abort', leave, { once: true })
      this.#waiting.push(waiting)
      void this.#pump()
    })
  }

  /** Lets nothing go for a while, and fewer requests a second after that. */
  slowDown(pauseMs: number): void {
    this.#usable = Math.max(1, Math.floor(this.#usable * slowerBy))
    this.pause(pauseMs)
  }

  /** Lets fewer requests be under way at once. */
  narrow(): void {
    this.#mostUnderWay = Math.max(1, Math.floor(Math.min(this.#underWay, this.#mostUnderWay) / 2))
    this.#recover()
  }

  /** Lets nothing go for a while. */
  pause(ms: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, performance.now() + ms)
    this.#recover()
    this.#wakeIn(ms)
  }

  #recover(): void {
    this.#recovery ??= setInterval(() => {
      this.#usable = Math.min(this.#places, this.#usable + 1)
      this.#mostUnderWay = Math.min(this.#places, this.#mostUnderWay + 1)
      if (this.#usable === this.#places && this.#mostUnderWay === this.#places) {
        clearInterval(this.#recovery)
        this.#recovery = undefined
      }
      void this.#pump()
    }, recoveryStepMs).unref()
  }

  async #pump(): Promise<void> {
    if (this.#isPumping) return
    this.#isPumping = true
    try {
      while (this.#waiting.length > 0 && this.#underWay < this.#mostUnderWay) {
        const pauseMs = this.#pausedUntilMs - performance.now()
        const place = pauseMs > 0 ? { msBeforeNext: pauseMs } : await this.#takePlace()
        if ('msBeforeNext' in place) {
          this.#wakeIn(place.msBeforeNext)
          return
        }
        this.#underWay += 1
        const permit = this.#permitOf(place.key)
        // Whoever it was meant for may have left while the place was taken.
        const next = this.#waiting.shift()
        if (next === undefined) permit.answered()
        else next.grant(permit)
      }
    } finally {
      this.#isPumping = false
    }
  }

  async #takePlace(): Promise<{ readonly key: string } | { readonly msBeforeNext: number }> {
    let msBeforeNext = holdSeconds * 1000
    for (const place of this.#order.first(this.#usable)) {
      const key = `${this.#options.name}:${place}`
      try {
        await this.#options.limiter.consume(key)
        this.#order.took(place)
        return { key }
      } catch (refusal) {
        if (!(refusal instanceof RateLimiterRes)) throw refusal
        msBeforeNext = Math.min(msBeforeNext, refusal.msBeforeNext)
      }
    }
    return { msBeforeNext }
  }

  #permitOf(key: string): Permit {
    let isFreed = false
    let isAnswered = false
    let timer: NodeJS.Timeout | undefined
    const free = (): void => {
      clearTimeout(timer)
      if (isFreed) return
      isFreed = true
      const seconds = this.#seconds + marginSeconds
      void this.#options.limiter.block(key, seconds).then(() => this.#wakeIn(seconds * 1000))
    }
    return {
      sent: () => {
        timer = setTimeout(free, arrivalMs)
      },
      answered: () => {
        free()
        if (isAnswered) return
        isAnswered = true
        this.#underWay -= 1
        void this.#pump()
      },
    }
  }

  // One timer at most: the earliest. Whoever pumps finds out anew what is to be waited for.
  #wakeIn(ms: number): void {
    if (this.#waiting.length === 0) return
    const at = performance.now() + Math.max(1, Math.ceil(ms) + 1)
    if (this.#wakesAtMs <= at) return
    this.#forgetTimer()
    this.#wakesAtMs = at
    this.#timer = setTimeout(() => {
      this.#wakesAtMs = Number.POSITIVE_INFINITY
      void this.#pump()
    }, at - performance.now())
  }
  #forgetTimer(): void {
    clearTimeout(this.#timer)
    this.#wakesAtMs = Number.POSITIVE_INFINITY
  }
}

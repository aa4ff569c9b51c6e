// How busy this process's thread is, so that work on events leaves it to webhooks when it is short. Guarantee: a look costs
// nothing and tells of the time since the look before; work that rests keeps the thread for a few milliseconds at a time.

import { setImmediate as nextTurnOfLoop } from 'node:timers/promises'

/** What is told is measured over at least so long. */
const spanMs = 200

/** Share of the time that the thread worked, from which on it counts as busy. */
const busyShare = 0.8

/** How long work keeps the thread before what else has come is seen to. */
const longestStretchMs = 5

/** Measures this process's thread, and lets work on it rest. */
export class ThreadLoad {
  #since = performance.eventLoopUtilization()
  #measuredAtMs = performance.now()
  #isBusy = false
  #restedAtMs = performance.now()

  /** True where the thread had hardly a rest of late: more work at once would only wait longer. */
  get isBusy(): boolean {
    const now = performance.now()
    if (now - this.#measuredAtMs >= spanMs) {
      const until = performance.eventLoopUtilization()
      this.#isBusy = performance.eventLoopUtilization(until, this.#since).utilization >= busyShare
      this.#since = until
      this.#measuredAtMs = now
    }
    return this.#isBusy
  }

  /** Lets everything else that has come go first, where work had the thread for long; null where it had not. */
  rest = (): Promise<void> | null => {
    if (performance.now() - this.#restedAtMs < longestStretchMs) return null
    return nextTurnOfLoop().then(() => {
      this.#restedAtMs = performance.now()
    })
  }
}

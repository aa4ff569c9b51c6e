// How busy this process's thread is, so that work on events leaves it to others when it is short. Guarantee: a look costs
// nothing; what it tells is at most a second old while somebody looks.

/** What is told is measured over at least so long. */
const spanMs = 200

/** Share of the time that the thread worked, from which on it counts as busy. */
const busyShare = 0.8

export class ThreadLoad {
  #since = performance.eventLoopUtilization()
  #measuredAtMs = performance.now()
  #isBusy = false

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
}

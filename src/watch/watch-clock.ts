// Compares this machine's clock with MongoDB's. Signatures are judged by this one, and Stripe's are refused where it is
// off; when an event is due is told by the server's alone.

import type { Log } from '../log.ts'

export interface ClockWatch {
  /** True while the two differ by more than a few seconds: nobody can tell which of them is wrong. */
  readonly differs: () => boolean
  readonly stop: () => void
}

/** Milliseconds that the clocks may differ. */
const toleranceMs = 5_000

/** How often they are compared: a clock that is set is noticed so soon. */
const lookMs = 5_000

export interface ClockWatchRequest {
  /** Answers how far the server's clock is ahead of this machine's, in milliseconds. */
  readonly askAheadMs: () => Promise<number>
  readonly log: Log
}

/** Begins to watch; each time that the clocks part is told once. */
export const watchClock = ({ askAheadMs, log }: ClockWatchRequest): ClockWatch => {
  let differs = false
  const look = async (): Promise<void> => {
    const ms = Math.abs(await askAheadMs())
    if (ms > toleranceMs && !differs)
      log.warn("this machine's clock and MongoDB's differ: set them, or webhooks may be refused", { ms })
    differs = ms > toleranceMs
  }
  // A server that does not answer is told elsewhere.
  const lookAgain = (): void => void look().catch(() => undefined)
  lookAgain()
  const timer = setInterval(lookAgain, lookMs).unref()
  return { differs: () => differs, stop: () => clearInterval(timer) }
}

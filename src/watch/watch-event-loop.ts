// Tells whether the process's one thread stood still a moment ago. While it does, nobody is answered at all, claims are
// not renewed, and other processes take the work over; what has piled up comes first afterwards, and new requests are
// better sent to others for a while.

import type { Log } from '../log.ts'

export interface EventLoopWatch {
  /** True from a standstill on until the thread has run for a while without another. Never throws. */
  readonly stoodStill: () => boolean
  readonly stop: () => void
}

/** How often the thread shows that it runs, and how late that may be. */
const lookMs = 250
const mostLateMs = 1_000

/** How long it has to run without another standstill: a probe or two of a load balancer. */
const calmMs = 5_000

/** Begins to watch; each standstill is told once. */
export const watchEventLoop = ({ log }: { readonly log: Log }): EventLoopWatch => {
  let lookedAtMs = performance.now()
  let stoodStillAtMs = Number.NEGATIVE_INFINITY
  const look = (): void => {
    const nowMs = performance.now()
    const lateMs = nowMs - lookedAtMs - lookMs
    lookedAtMs = nowMs
    if (lateMs < mostLateMs) return
    stoodStillAtMs = nowMs
    log.warn('the process stood still: too little processor, or an event that is heavy to look into', {
      ms: Math.round(lateMs),
    })
  }
  const timer = setInterval(look, lookMs).unref()
  return {
    stoodStill: () => {
      // Whoever asks may be answered before the timer is.
      look()
      return performance.now() - stoodStillAtMs < calmMs
    },
    stop: () => clearInterval(timer),
  }
}

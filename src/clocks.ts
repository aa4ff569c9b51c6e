// This machine's two clocks. The wall clock tells the time, and may be set while something is under way; the steady one is
// never set and tells only how much time went by, without what the machine slept.

/** A moment on both, in milliseconds: since 1970, and since the process began. */
export interface Instant {
  readonly wallMs: number
  readonly steadyMs: number
}

export const readClocks = (): Instant => ({ wallMs: Date.now(), steadyMs: performance.now() })

/** Returns the most milliseconds that may have gone by: a clock that was set back or slept tells less than the other. */
export const mostMsBetween = (from: Instant, to: Instant): number =>
  Math.max(to.wallMs - from.wallMs, to.steadyMs - from.steadyMs)

/**
 * Returns the earliest time of an instant, in milliseconds since 1970, by the wall clock as it was then and as it is now:
 * what others wrote since bears a time that is not before it, whichever way the clock was set.
 */
export const earliestWallMs = (instant: Instant, now: Instant): number =>
  Math.min(instant.wallMs, now.wallMs - (now.steadyMs - instant.steadyMs))

// Stripe's clock as a test sets it. It stands still until it is told to move: nothing that a test does to the world
// costs time, so events of one second are the ordinary case and not an accident.

export interface Clock {
  /** Unix seconds. */
  readonly now: () => number
  readonly set: (unixSeconds: number) => void
  readonly advance: (seconds: number) => void
  /** Lets the clock run with the machine's own from now on, until `set` stops it again. */
  readonly run: () => void
}

/** Returns a clock that stands at the given second. */
export const clockAt = (unixSeconds: number): Clock => {
  let stands: number | null = unixSeconds
  const now = (): number => stands ?? machineSeconds()
  return {
    now,
    set: (seconds) => {
      stands = seconds
    },
    advance: (seconds) => {
      stands = now() + seconds
    },
    run: () => {
      stands = null
    },
  }
}

/** Returns the machine's own time in unix seconds. */
export const machineSeconds = (): number => Math.floor(Date.now() / 1000)

// Instants beside `created`, which Stripe counts in whole seconds.

/** Returns the first Unix second that is not before an instant: as a bound of `created` it means the same. */
export const secondAtOrAfter = (instant: Date): number => Math.ceil(instant.getTime() / 1000)

// How long to wait before what failed is tried again.

/** Milliseconds of a first pause, and of the longest that it grows to. */
export interface PauseLengths {
  readonly firstMs: number
  readonly longestMs: number
}

/**
 * Returns the milliseconds of a pause: each is twice as long as the one before it.
 * @param earlier pauses made before, from 0
 */
export const grownPause = ({ firstMs, longestMs }: PauseLengths, earlier: number): number =>
  Math.min(longestMs, firstMs * 2 ** earlier)

/**
 * Returns a pause somewhere in its second half: those who failed together do not come back together.
 * @param random from 0 up to 1
 */
export const spreadPause = (pauseMs: number, random: number): number => pauseMs * (0.5 + random / 2)

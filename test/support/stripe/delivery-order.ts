// The orders in which Stripe may deliver, which is any: each shuffle is named by a seed, so a failure can be repeated.

export type DeliveryOrder = 'given' | 'reversed' | { readonly shuffledBy: number }

/** Returns the things in the order wanted. */
export const inOrder = <T>(order: DeliveryOrder, things: readonly T[]): readonly T[] => {
  if (order === 'given') return things
  if (order === 'reversed') return things.toReversed()
  const random = randomBy(order.shuffledBy)
  const keyed = things.map((thing) => ({ thing, key: random() }))
  return keyed.sort((one, other) => one.key - other.key).map(({ thing }) => thing)
}

/** Mulberry32: small, and the same numbers for the same seed. */
const randomBy = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

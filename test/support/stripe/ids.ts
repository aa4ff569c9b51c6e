// Ids of the played Stripe: unique and the same in each run, but in no order that anybody could lean on, as Stripe's.

const MODULUS = 2n ** 61n - 1n
const FACTOR = 1_442_695_040_888_963_407n

/** Returns a maker of ids: a prefix and what is left of a counter after a multiplication that scrambles its order. */
export const idMaker = (): ((prefix: string) => string) => {
  let count = 0n
  return (prefix) => {
    count += 1n
    return `${prefix}_${((count * FACTOR) % MODULUS).toString(36).padStart(12, '0')}`
  }
}

/** Returns a number that depends on the id alone: it orders what was made within one second, arbitrarily but stably. */
export const orderWithinSecond = (id: string): number => {
  let hash = 0x811c9dc5
  for (let index = 0; index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}

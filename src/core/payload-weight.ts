// Which events are kept out of the batches of others. An object of Stripe's has some 5 kB, a long invoice 100 kB.

const heavyBytes = 256 * 1024

/**
 * True for an event that goes in a batch of such. A transaction that writes megabytes makes the server evict its own pages at
 * each further write: 23 charges took 160 ms beside two of 3 MB, and 11 ms after them.
 * @param bytes of its payload
 */
export const isHeavy = (bytes: number): boolean => bytes > heavyBytes

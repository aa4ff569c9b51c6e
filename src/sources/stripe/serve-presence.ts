// Tells the processes that share Redis whether a `serve` reads with a key, so that others leave it its part of the
// budget. Guarantee: a `serve` that is there is known within a second or two of its first request; one that died is
// forgotten after ten seconds. While Redis does not answer, the last answer holds.

import type { Redis } from 'ioredis'

export interface ServePresence {
  /** Tells whether a `serve` reads with the key of an account; until Redis has answered, yes. */
  isBeside(owner: string): boolean
  close(): void
}

/** A `serve` says so again while it lives; the others look. */
const sayMs = 3_000
const heldMs = 10_000
const lookMs = 1_000

const keyOf = (owner: string): string => `billing-sync:serve:${owner}`

/** Says that this process is a `serve`, for each account's key that is asked about from then on. */
export const announceServe = (redis: Redis): ServePresence =>
  keeping(sayMs, async (owner) => {
    await redis.set(keyOf(owner), '1', 'PX', heldMs)
    return true
  })

/** Looks for others that are a `serve`. */
export const watchForServe = (redis: Redis): ServePresence =>
  keeping(lookMs, async (owner) => (await redis.exists(keyOf(owner))) === 1)

// Does it for each owner as soon as somebody asks, and again and again.
const keeping = (everyMs: number, ask: (owner: string) => Promise<boolean>): ServePresence => {
  const known = new Map<string, boolean>()
  const renew = (owner: string): void => {
    ask(owner).then(
      (isBeside) => known.set(owner, isBeside),
      () => undefined,
    )
  }
  const timer = setInterval(() => {
    for (const owner of known.keys()) renew(owner)
  }, everyMs).unref()
  return {
    isBeside: (owner) => {
      if (!known.has(owner)) {
        known.set(owner, true)
        renew(owner)
      }
      return known.get(owner) ?? true
    },
    close: () => clearInterval(timer),
  }
}

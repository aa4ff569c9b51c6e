// The server's time, so that processes whose clocks differ agree on when an event is due again. Guarantee: `now` is off by
// no more than the server's answer took on its way, and by what the clocks drifted since.

import type { Db } from 'mongodb'

/** Tells the server's time once it was asked, and this machine's before that. */
export class ServerClock {
  #aheadMs = 0

  /** Asks the server. Throws the driver's errors. */
  async synchronise(db: Db): Promise<void> {
    const askedAt = Date.now()
    const { localTime } = await db.command({ hello: 1 })
    // A standstill of this process in between would be read as a wrong clock.
    const isTimely = Date.now() - askedAt < longestWayMs
    if (localTime instanceof Date && isTimely) this.#aheadMs = localTime.getTime() - Date.now()
  }

  /** How far the server is ahead of this machine, in milliseconds. */
  get aheadMs(): number {
    return this.#aheadMs
  }

  now(): Date {
    return new Date(Date.now() + this.#aheadMs)
  }
}

const longestWayMs = 1_000

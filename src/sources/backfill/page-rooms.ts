// Room for pages in memory, shared by all lists that are walked at once: what bounds the memory of a backfill, however
// many objects it reads. First come, first served.

/** A bounded number of places for pages. */
export class PageRooms {
  #free: number
  readonly #waiting: (() => void)[] = []

  /** @param count pages held at once, at least 1 */
  constructor(count: number) {
    this.#free = count
  }

  /** Waits for a place; returns what gives it back, once, however often it is called. */
  readonly take = async (): Promise<() => void> => {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}

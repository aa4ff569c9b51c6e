// Room for pages in memory, shared by all lists that are walked at once: what bounds the memory of a backfill, however
// many objects it reads. First come, first served. A page that was only asked for takes a part of the room, so that
// answers that take long are no reason to ask for less; once it is here it takes all of it.

/** One page's room. */
export interface PageRoom {
  /** Tells that the page is here. */
  readonly fill: () => void
  /** Gives the room back, once, however often it is called. */
  readonly giveBack: () => void
}

/** Pages asked for that take the room of one that is here. */
const askedPerPage = 4

export class PageRooms {
  /** Counted in pages asked for; below zero where more came at once than there is room for. */
  #free: number
  readonly #waiting: (() => void)[] = []

  /** @param count pages held at once, at least 1 */
  constructor(count: number) {
    this.#free = count * askedPerPage
  }

  /** Waits for room to ask for a page. */
  readonly take = async (): Promise<PageRoom> => {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    let held = 1
    return {
      fill: () => {
        if (held !== 1) return
        held = askedPerPage
        this.#free -= askedPerPage - 1
      },
      giveBack: () => {
        this.#free += held
        held = 0
        this.#letGo()
      },
    }
  }

  #letGo(): void {
    while (this.#free > 0) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.#free -= 1
      next()
    }
  }
}

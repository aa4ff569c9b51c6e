// Room for pages in memory, shared by all lists that are walked at once: what bounds the memory of a backfill, however
// many objects it reads. Where it is scarce accounts take turns, and of one account's pages those of relatives come one after
// another, so that they are committed together: a relative that is stored already has to be read, and often written once
// more. A page that was only asked for takes a part of the room, so that answers that take long are no reason to ask for
// less; once it is here it takes all of it.

/** One page's room. */
export interface PageRoom {
  /** Tells that the page is here. */
  readonly fill: () => void
  /** Gives the room back, once, however often it is called. */
  readonly giveBack: () => void
}

/** Which of an account's pages comes first: that of the lowest rank, and of one rank the newest. */
export interface PagePlace {
  /** Rank of the page's list (`listRows`). */
  readonly rank: number
  /** Unix second: what the page holds was created in it or earlier. Infinity for the newest page of a list. */
  readonly until: number
}

interface Waiting extends PagePlace {
  readonly enter: () => void
}

/** Pages asked for that take the room of one that is here. */
const askedPerPage = 4

export class PageRooms {
  /** Counted in pages asked for; below zero where more came at once than there is room for. */
  #free: number
  /** By account, the one that gets the next room in front; none is empty. */
  readonly #waiting = new Map<string, readonly Waiting[]>()

  /** @param count pages held at once, at least 1 */
  constructor(count: number) {
    this.#free = count * askedPerPage
  }

  /** Waits for room to ask for a page of an account. */
  async take(account: string, place: PagePlace): Promise<PageRoom> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((enter) => this.#queue(account, { ...place, enter }))
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

  #queue(account: string, waiting: Waiting): void {
    this.#waiting.set(account, [...(this.#waiting.get(account) ?? []), waiting].sort(byPlace))
  }

  #letGo(): void {
    while (this.#free > 0) {
      const [first] = this.#waiting
      if (first === undefined) return
      const [account, [next, ...others]] = first
      this.#waiting.delete(account)
      if (others.length > 0) this.#waiting.set(account, others)
      this.#free -= 1
      next?.enter()
    }
  }
}

// The sort is stable: what is alike keeps the order in which it came.
const byPlace = (one: PagePlace, other: PagePlace): number => {
  if (one.rank !== other.rank) return one.rank - other.rank
  return one.until === other.until ? 0 : other.until - one.until
}

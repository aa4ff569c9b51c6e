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

/** Which of an account's pages comes first: that of the earliest turn, and of one turn the newest. */
export interface PageTurn {
  /** Turn of the page's list (`listRows`). */
  readonly turn: number
  /** Unix second of `created` after which the page comes, for the newest page of all infinity. */
  readonly before: number
}

interface Waiting extends PageTurn {
  readonly enter: () => void
}

/** Pages asked for that take the room of one that is here. */
const askedPerPage = 4

export class PageRooms {
  /** Counted in pages asked for; below zero where more came at once than there is room for. */
  #free: number
  /** By account, whose turn comes first in front; none is empty. */
  readonly #waiting = new Map<string, readonly Waiting[]>()

  /** @param count pages held at once, at least 1 */
  constructor(count: number) {
    this.#free = count * askedPerPage
  }

  /** Waits for room to ask for a page of an account. */
  async take(account: string, turn: PageTurn): Promise<PageRoom> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((enter) => this.#queue(account, { ...turn, enter }))
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
    this.#waiting.set(account, [...(this.#waiting.get(account) ?? []), waiting].sort(byTurn))
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
const byTurn = (one: PageTurn, other: PageTurn): number => {
  if (one.turn !== other.turn) return one.turn - other.turn
  return one.before === other.before ? 0 : other.before - one.before
}

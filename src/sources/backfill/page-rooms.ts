// Room for pages in memory, shared by all lists that are walked at once: what bounds the memory of a backfill, however
// many objects it reads. Where it is scarce the account that holds the least comes first, and of one account's pages those
// of relatives come one after another, so that they are committed together: a relative that is stored already has to be
// read, and often written once more. A page that was only asked for takes all of its room as well, unless answers take
// long: then it takes a part of it, since pages would come more slowly than they are stored. (Where four were asked for in
// place of one whatever the time, up to 28 pages waited, relatives lay eight batches apart, and a backfill of all lists
// read twice as many of them; measured.)

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

/** A page that is to be asked for. */
export interface WantedPage extends PagePlace {
  /** Milliseconds that Stripe took to answer with the page of its list before; 0 for the first. */
  readonly answerMs: number
}

interface Waiting extends PagePlace {
  readonly parts: number
  readonly enter: () => void
}

/** Parts of a page's room. */
const partsPerPage = 4

/** A page that takes longer is asked for in the less room the longer it takes. */
const quickMs = 150

const partsToAsk = (answerMs: number): number =>
  Math.min(partsPerPage, Math.max(1, Math.round((partsPerPage * quickMs) / answerMs)))

/** The rooms as an account's walk sees them. */
export interface AccountRooms {
  /** True where whoever wants a page has to wait. */
  readonly isFull: () => boolean
  /** Waits for room to ask for a page. */
  readonly take: (wanted: WantedPage) => Promise<PageRoom>
}

/** Lets lists have pages in memory, as far as there is room; what waits is let in as room is given back. */
export class PageRooms {
  /** Parts; below zero where more came at once than there is room for. */
  #free: number
  /** Parts by account; none is zero. */
  readonly #held = new Map<string, number>()
  /** By account, the one whose turn came longest ago in front; none is empty. */
  readonly #waiting = new Map<string, readonly Waiting[]>()

  /** @param count pages held at once, at least 1; up to four times as many where answers take long and come at once */
  constructor(count: number) {
    this.#free = count * partsPerPage
  }

  /** True where whoever wants a page has to wait. */
  get isFull(): boolean {
    return this.#free <= 0
  }

  /** Returns the rooms for an account. */
  of(account: string): AccountRooms {
    return { isFull: () => this.isFull, take: (wanted) => this.take(account, wanted) }
  }

  /** Waits for room to ask for a page of an account. */
  async take(account: string, { answerMs, ...place }: WantedPage): Promise<PageRoom> {
    const parts = partsToAsk(answerMs)
    if (this.isFull) await new Promise<void>((enter) => this.#queue(account, { ...place, parts, enter }))
    else this.#hold(account, parts)
    let held = parts
    let isGivenBack = false
    return {
      fill: () => {
        if (isGivenBack) return
        this.#hold(account, partsPerPage - held)
        held = partsPerPage
      },
      giveBack: () => {
        if (isGivenBack) return
        isGivenBack = true
        this.#hold(account, -held)
        this.#letGo()
      },
    }
  }

  #hold(account: string, parts: number): void {
    const held = (this.#held.get(account) ?? 0) + parts
    this.#free -= parts
    if (held === 0) this.#held.delete(account)
    else this.#held.set(account, held)
  }

  #queue(account: string, waiting: Waiting): void {
    this.#waiting.set(account, [...(this.#waiting.get(account) ?? []), waiting].sort(byPlace))
  }

  #letGo(): void {
    while (!this.isFull) {
      const account = this.#nextAccount()
      if (account === undefined) return
      const [next, ...others] = this.#waiting.get(account) ?? []
      this.#waiting.delete(account)
      if (others.length > 0) this.#waiting.set(account, others)
      if (next === undefined) continue
      this.#hold(account, next.parts)
      next.enter()
    }
  }

  // One whose answers hang, or that Stripe lets wait, keeps what it has and gets no more than the others.
  #nextAccount(): string | undefined {
    const heldBy = (account: string): number => this.#held.get(account) ?? 0
    const [first] = [...this.#waiting.keys()].sort((one, other) => heldBy(one) - heldBy(other))
    return first
  }
}

/** Compares pages of an account for a stable sort: what is alike keeps the order in which it came. */
export const byPlace = (one: PagePlace, other: PagePlace): number => {
  if (one.rank !== other.rank) return one.rank - other.rank
  return one.until === other.until ? 0 : other.until - one.until
}

// Room for pages in memory, shared by all lists that are walked at once: what bounds the memory of a backfill, however
// many objects it reads. Where it is scarce accounts take turns, and of one account's pages those of relatives come one after
// another, so that they are committed together: a relative that is stored already has to be read, and often written once
// more. A page that was only asked for takes all of its room as well, unless answers take long: then it takes a part of it,
// since pages would come more slowly than they are stored. (Where four were asked for in place of one whatever the time,
// up to 28 pages waited, relatives lay eight batches apart, and a backfill of all lists read twice as many of them; measured.)

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
  /** Milliseconds that Stripe took to answer with the page of its list before; null for the first. */
  readonly answerMs: number | null
}

interface Waiting extends WantedPage {
  readonly enter: () => void
}

/** Parts of a page's room. */
const partsPerPage = 4

/** A page that takes longer is asked for in the less room the longer it takes. */
const quickMs = 150

const partsToAsk = ({ answerMs }: WantedPage): number =>
  answerMs === null
    ? partsPerPage
    : Math.min(partsPerPage, Math.max(1, Math.round((partsPerPage * quickMs) / answerMs)))

export class PageRooms {
  /** Parts; below zero where more came at once than there is room for. */
  #free: number
  /** By account, the one that gets the next room in front; none is empty. */
  readonly #waiting = new Map<string, readonly Waiting[]>()

  /** @param count pages held at once, at least 1 */
  constructor(count: number) {
    this.#free = count * partsPerPage
  }

  /** True where whoever wants a page has to wait. */
  get isFull(): boolean {
    return this.#free <= 0
  }

  /** Waits for room to ask for a page of an account. */
  async take(account: string, wanted: WantedPage): Promise<PageRoom> {
    let held = partsToAsk(wanted)
    if (this.isFull) await new Promise<void>((enter) => this.#queue(account, { ...wanted, enter }))
    else this.#free -= held
    let isFree = false
    return {
      fill: () => {
        if (isFree) return
        this.#free -= partsPerPage - held
        held = partsPerPage
      },
      giveBack: () => {
        if (isFree) return
        isFree = true
        this.#free += held
        this.#letGo()
      },
    }
  }

  #queue(account: string, waiting: Waiting): void {
    this.#waiting.set(account, [...(this.#waiting.get(account) ?? []), waiting].sort(byPlace))
  }

  #letGo(): void {
    while (!this.isFull) {
      const [first] = this.#waiting
      if (first === undefined) return
      const [account, [next, ...others]] = first
      this.#waiting.delete(account)
      if (others.length > 0) this.#waiting.set(account, others)
      if (next === undefined) continue
      this.#free -= partsToAsk(next)
      next.enter()
    }
  }
}

/** Compares pages of an account for a stable sort: what is alike keeps the order in which it came. */
export const byPlace = (one: PagePlace, other: PagePlace): number => {
  if (one.rank !== other.rank) return one.rank - other.rank
  return one.until === other.until ? 0 : other.until - one.until
}

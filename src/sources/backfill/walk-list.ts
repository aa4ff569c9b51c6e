// Walks one list of one account, several windows at a time. Guarantees: every object that is there from the first page
// to the last is handed over at least once, whatever appears or goes meanwhile; pages are handed over in an order in
// which the position that comes with each of them may be saved.

import type { JsonObject } from '../../core/json.ts'
import { isIdentified } from '../../core/normalise.ts'
import type { AccountClient } from '../stripe/account-client.ts'
import type { StripeClock } from '../stripe/stripe-clock.ts'
import { createdOf, type ListPage, type ListQuery, readListPage } from './list-page.ts'
import type { ObservedEntries, ReadMoment } from './observe-entries.ts'
import type { PageRoom, WantedPage } from './page-rooms.ts'
import type { ListName } from './resources.ts'
import type { Position, TakePage } from './walk.ts'
import { type PageFacts, type Window, windowsAfter } from './windows.ts'

export interface ListWalk {
  readonly list: ListName
  readonly client: AccountClient
  readonly clock: StripeClock
  /** What to ask for; asked anew for each page, since a key may turn out not to be allowed some of it. */
  readonly read: (ask: (query: ListQuery) => Promise<ListPage>) => Promise<ListPage>
  /** Where the walk begins or goes on. */
  readonly position: Position
  /** Answers the account's commit number, before a page is asked for. */
  readonly seqNow: () => { readonly seq: number; readonly commits: number }
  readonly observe: (
    objects: readonly (JsonObject & { readonly id: string })[],
    moment: ReadMoment,
  ) => Promise<ObservedEntries>
  readonly takePage: TakePage
  /** Tells whether pages of the list have to wait for their turn or for room: more windows would only wait as well. */
  readonly isHeldUp: () => boolean
  /** Waits for room to ask for one more page; whoever takes the page gives it back. */
  readonly makeRoom: (wanted: Omit<WantedPage, 'rank'>) => Promise<PageRoom>
  /** Ends the walk between two pages. */
  readonly signal: AbortSignal
}

/** Most windows of one list that are walked at once. */
const windowsAtOnce = 8

/** Stripe takes a request of one list every so many milliseconds: https://docs.stripe.com/rate-limits */
const msBetweenRequests = 40

/**
 * The head is among the windows and waits for the others. One more window made no list faster, and a kill cost 7.5 pages
 * in place of 4.5 (measured).
 */
const waitingWindows = 1

/**
 * Walks the list to its end, or until the signal; tells whether it came to its end. Rejects with the SDK's errors and
 * with what `takePage` rejects with.
 */
export const walkList = (walk: ListWalk): Promise<boolean> => new Walk(walk).run()

class Walk {
  readonly #walk: ListWalk
  /** Windows left, in the order in which they are begun; those under way are among them. */
  #position: Position
  readonly #underWay = new Set<Window>()
  readonly #pages = new Set<Promise<void>>()
  /** Windows whose page waits for room. */
  readonly #roomless = new Set<Window>()
  /** How long the last page took. */
  #answerMs = 0
  #fault: { readonly thrown: unknown } | null = null

  constructor(walk: ListWalk) {
    this.#walk = walk
    this.#position = walk.position
  }

  async run(): Promise<boolean> {
    for (;;) {
      this.#begin()
      // Room may be long in coming: a list that ends early leaves without it, and what comes later is given back.
      if (this.#pages.size === (this.#isEnding ? this.#roomless.size : 0)) break
      await Promise.race(this.#pages)
    }
    if (this.#fault !== null) throw this.#fault.thrown
    return this.#position.length === 0
  }

  get #isEnding(): boolean {
    return this.#fault !== null || this.#walk.signal.aborted
  }

  #begin(): void {
    if (this.#isEnding) return
    for (const window of this.#waiting().slice(0, windowsAtOnce - this.#underWay.size)) {
      this.#underWay.add(window)
      const page: Promise<void> = this.#turn(window)
        .catch((thrown: unknown) => {
          this.#fault ??= { thrown }
        })
        .finally(() => {
          this.#underWay.delete(window)
          this.#pages.delete(page)
        })
      this.#pages.add(page)
    }
  }

  // The head is walked when nothing else is left: whatever appeared until then is in it.
  #waiting(): readonly Window[] {
    const rest = this.#position.filter(({ isHead }) => !isHead)
    const next = rest.length > 0 ? rest : this.#position
    return next.filter((window) => !this.#underWay.has(window))
  }

  async #turn(window: Window): Promise<void> {
    const { client, read, seqNow, makeRoom } = this.#walk
    this.#roomless.add(window)
    const until = window.last?.created ?? window.to ?? Number.POSITIVE_INFINITY
    const { fill, giveBack } = await makeRoom({ until, answerMs: this.#answerMs })
    try {
      this.#roomless.delete(window)
      if (this.#isEnding) return giveBack()
      const stampedAt = seqNow()
      const page = await read((query) => readListPage(client, query, window))
      fill()
      this.#answerMs = page.answerMs
      await this.#hand({ window, page, until, stampedAt, giveBack })
    } catch (error) {
      giveBack()
      throw error
    }
  }

  async #hand({ window, page, until, stampedAt, giveBack }: ReadPage): Promise<void> {
    const { clock, list, observe, takePage, isHeldUp } = this.#walk
    const second = clock.secondOf(page.sentAt, page.date)
    const objects = page.entries.filter(isIdentified)
    const fresh = objects.filter(({ id }) => !window.known.includes(id))
    const observed = await observe(fresh, { seq: stampedAt.seq, unixSeconds: second })
    // From here to `takePage` nothing is awaited: pages are handed over in the order of their positions.
    const facts = factsOf(page, objects, second)
    const mayCut = this.#position.length < windowsWorthWalking(page.answerMs) && !isHeldUp()
    const after = windowsAfter(window, facts, mayCut)
    this.#position = this.#position.flatMap((other) => (other === window ? after : [other]))
    await takePage({
      ...{ list, until, from: facts.places.at(-1)?.created ?? until },
      ...observed,
      invalid: page.entries.length - objects.length,
      sentAt: page.sentAt,
      commitsBefore: stampedAt.commits,
      position: this.#position,
      giveBack,
    })
  }
}

// Each cut costs half a page on average: no more windows than keep the list busy.
const windowsWorthWalking = (answerMs: number): number =>
  Math.min(windowsAtOnce, waitingWindows + Math.ceil(answerMs / msBetweenRequests))

interface ReadPage {
  readonly window: Window
  readonly page: ListPage
  readonly until: number
  readonly stampedAt: { readonly seq: number; readonly commits: number }
  readonly giveBack: () => void
}

const factsOf = (
  { hasMore }: ListPage,
  objects: readonly (JsonObject & { readonly id: string })[],
  sentSecond: number,
): PageFacts => ({
  places: objects.map((object) => ({ id: object.id, created: createdOf(object) })),
  hasMore,
  sentSecond,
})

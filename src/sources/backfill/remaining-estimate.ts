// How many objects of a list are probably left, by the seconds that its windows still cover: for the screen alone.

import type { WalkedPage } from './walk.ts'

/** What is left of each list of an account. */
export class RemainingEstimates {
  readonly #ofLists = new Map<string, RemainingEstimate>()

  /** Learns from a page what is left of its list; null while nothing tells how far the list goes back. */
  after(page: WalkedPage): number | null {
    const ofList = this.#ofLists.get(page.list) ?? new RemainingEstimate()
    this.#ofLists.set(page.list, ofList)
    return ofList.after(page)
  }
}

/** Estimates what is left of one list, page by page. */
class RemainingEstimate {
  #read = 0
  #newest: number | null = null
  #oldest: number | null = null

  /** Learns from a page and returns the estimate; null while nothing tells how far the list goes back. */
  after({ observations, position }: WalkedPage): number | null {
    this.#read += observations.length
    for (const { content } of observations) this.#learn(content?.created)
    if (position.length === 0) return 0
    if (this.#newest === null || this.#oldest === null) return null
    let left = 0
    for (const { isHead, from, to, last } of position) {
      if (isHead) continue
      const upper = last?.created ?? to
      if (from === null || upper === null) return null
      left += Math.max(0, upper - from)
      this.#oldest = Math.min(this.#oldest, from)
    }
    const covered = this.#newest - this.#oldest - left
    return covered > 0 ? Math.round((this.#read / covered) * left) : null
  }

  #learn(created: unknown): void {
    if (typeof created !== 'number') return
    this.#newest = Math.max(this.#newest ?? created, created)
    this.#oldest = Math.min(this.#oldest ?? created, created)
  }
}

// Takes the pages of one account's walk and has them committed, several at once and in their order. Guarantees: pages
// wait in memory only as far as there is room; where another writer of the account shows, the lane makes small commits
// and pauses after each for as long as it took, so that the other keeps its pace; alone it runs at full speed.

import { setTimeout as wait } from 'node:timers/promises'
import type { EntryOutcome } from '../../ports/pipeline-store.ts'
import type { WalkedPage } from './walk.ts'

/** Pages to be committed in one transaction. */
export interface PageBatch {
  readonly pages: readonly WalkedPage[]
  /** The account's commit number as this lane left it, and how many commits the lane has made. */
  readonly lastSeq: number
  readonly commits: number
}

/** What came of a batch. */
export interface PageCommit {
  /** For each page one outcome per observation, in their order; those of what they carried are left out. */
  readonly outcomes: readonly (readonly EntryOutcome[])[]
  readonly seq: number
  readonly commits: number
  /** True where another writer committed since. */
  readonly hadOthers: boolean
}

export interface CommitLaneOptions {
  /** The account's commit number when the walk begins. */
  readonly seq: number
  readonly commit: (batch: PageBatch) => Promise<PageCommit>
  /** Told of each committed page. */
  readonly onCommitted: (page: WalkedPage, outcomes: readonly EntryOutcome[]) => void
}

/** Objects of a batch: what one transaction changes without keeping other writers waiting; alone it costs less by the object. */
const objectsBesideOthers = 200
const objectsAlone = 500

/** Commits in a row without another writer after which the lane counts as alone. */
const quietCommits = 5

export class CommitLane {
  readonly #options: CommitLaneOptions
  #queue: readonly WalkedPage[] = []
  #seq: number
  #commits = 0
  /** Commits since another writer showed. */
  #quiet = 0
  #working: Promise<void> | null = null
  #fault: { readonly thrown: unknown } | null = null

  constructor(options: CommitLaneOptions) {
    this.#options = options
    this.#seq = options.seq
  }

  /** The stamp of a page that is asked for now. */
  readonly seqNow = (): { readonly seq: number; readonly commits: number } => ({
    seq: this.#seq,
    commits: this.#commits,
  })

  /** Takes a page; rejects with what the commits ended with. Whether there is room for more, the page's own room tells. */
  readonly take = async (page: WalkedPage): Promise<void> => {
    this.#throwFault()
    this.#queue = [...this.#queue, page]
    this.#working ??= this.#work()
  }

  /** Resolves when everything taken is committed; rejects with what the commits ended with. */
  async drain(): Promise<void> {
    await this.#working
    this.#throwFault()
  }

  #throwFault(): void {
    if (this.#fault !== null) throw this.#fault.thrown
  }

  async #work(): Promise<void> {
    // A page that is taken in this very turn of the event loop joins the batch.
    await Promise.resolve()
    while (this.#queue.length > 0 && this.#fault === null) {
      const isAlone = this.#quiet >= quietCommits
      const pages = nextPages(this.#queue, isAlone ? objectsAlone : objectsBesideOthers)
      this.#queue = this.#queue.slice(pages.length)
      try {
        await this.#commit(pages)
      } catch (thrown) {
        this.#fault = { thrown }
      } finally {
        for (const { giveBack } of pages) giveBack()
      }
    }
    for (const { giveBack } of this.#queue) giveBack()
    this.#queue = []
    this.#working = null
  }

  async #commit(pages: readonly WalkedPage[]): Promise<void> {
    const started = performance.now()
    const committed = await this.#options.commit({ pages, lastSeq: this.#seq, commits: this.#commits })
    this.#seq = committed.seq
    this.#commits += committed.commits
    for (const [index, page] of pages.entries())
      this.#options.onCommitted(page, committed.outcomes[index] ?? [])
    this.#quiet = committed.hadOthers ? 0 : this.#quiet + 1
    if (committed.hadOthers) await wait(performance.now() - started)
  }
}

const nextPages = (queue: readonly WalkedPage[], mostObjects: number): readonly WalkedPage[] => {
  const pages: WalkedPage[] = []
  let objects = 0
  for (const page of queue) {
    objects += page.observations.length + page.carried.length
    if (pages.length > 0 && objects > mostObjects) break
    pages.push(page)
  }
  return pages
}

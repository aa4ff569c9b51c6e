// Takes the pages of one account's walk and has them committed, several at once, each list's in their order. Guarantees: pages
// wait in memory only as far as there is room; where another writer of the account shows, or a worker is at its events,
// its batches are committed as crowded ones: both get on, and the other keeps its pace. Alone the lane runs at full speed
// and folds ahead what it commits next.

import type { EntryOutcome } from '../../ports/pipeline-store.ts'
import { nextPages } from './next-pages.ts'
import type { WalkedPage } from './walk.ts'

/** Pages to be committed in one transaction. */
export interface PageBatch {
  readonly pages: readonly WalkedPage[]
  /** The account's commit number as this lane left it, and how many commits the lane has made. */
  readonly lastSeq: number
  readonly commits: number
  /** True where others were seen to commit of late. */
  readonly isCrowded: boolean
}

/** Pages made ready in memory. */
export interface FoldedPages {
  /** Commits them, once those before them are committed. */
  readonly commit: () => Promise<PageCommit>
  /** The account's commit number once they are committed; null where nothing may be folded before they are. */
  readonly seq: number | null
}

/** What came of a batch. */
export interface PageCommit {
  /** For each page one outcome per observation, in their order, then one for each that they carried. */
  readonly outcomes: readonly (readonly EntryOutcome[])[]
  readonly seq: number
  readonly commits: number
  /** True where another writer committed since. */
  readonly hadOthers: boolean
  /** True where nothing was committed but the pages as they had been folded. */
  readonly asFolded: boolean
}

export interface CommitLaneOptions<Folded extends FoldedPages = FoldedPages> {
  /** The account's commit number when the walk begins. */
  readonly seq: number
  /** Makes pages ready for their commit, after those given whose commit is under way. Never rejects. */
  readonly fold: (batch: PageBatch, earlier: Folded | null) => Promise<Folded>
  /** Tells whether a worker is at the account's events: it may lose each commit to those of a lane that is alone. Never rejects. */
  readonly isWorkedOn: () => Promise<boolean>
  /** Told of each committed page. */
  readonly onCommitted: (page: WalkedPage, outcomes: readonly EntryOutcome[]) => void
}

/**
 * Objects of a batch until the lane counts as alone: a page or a few small ones. Alone a larger batch costs less by the
 * object: with 200 a backfill of all lists took some 10 % longer, with 400 it was no faster and took 12 MB more (measured, two
 * batches being in memory).
 */
const objectsAtFirst = 100
const objectsAlone = 300

/** Commits in a row without another writer after which the lane counts as alone. */
const quietCommits = 5

/** Pages on their way to a commit. */
interface Ready<Folded> {
  readonly pages: readonly WalkedPage[]
  readonly folded: Promise<Folded>
}

/** Commits the pages of one walk. Once a commit has failed, `take` and `drain` reject with what it ended with. */
export class CommitLane<Folded extends FoldedPages = FoldedPages> {
  readonly #options: CommitLaneOptions<Folded>
  #queue: readonly WalkedPage[] = []
  #seq: number
  #commits = 0
  /** Commits since another writer showed. */
  #quiet = 0
  #isCrowded = false
  /** What is being committed, and what is folded meanwhile to come after it. */
  #committing: Folded | null = null
  #ahead: Ready<Folded> | null = null
  #working: Promise<void> | null = null
  #fault: { readonly thrown: unknown } | null = null

  constructor(options: CommitLaneOptions<Folded>) {
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
    this.#foldAhead()
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

  get #isAlone(): boolean {
    return this.#quiet >= quietCommits
  }

  async #work(): Promise<void> {
    // A page that is taken in this very turn of the event loop joins the batch.
    await Promise.resolve()
    while (this.#fault === null && (this.#ahead !== null || this.#queue.length > 0)) {
      const { pages, folded } = this.#ahead ?? this.#foldNext(null)
      this.#ahead = null
      try {
        await this.#commit(pages, await folded)
      } catch (thrown) {
        this.#fault = { thrown }
      } finally {
        for (const { giveBack } of pages) giveBack()
      }
    }
    for (const { giveBack } of [...(this.#ahead?.pages ?? []), ...this.#queue]) giveBack()
    this.#queue = []
    this.#working = null
  }

  // While MongoDB commits, the thread folds what comes next: an account's commits can't take place side by side.
  #foldAhead(): void {
    const earlier = this.#committing
    if (earlier === null || earlier.seq === null || this.#ahead !== null || !this.#isAlone) return
    if (this.#queue.length > 0) this.#ahead = this.#foldNext(earlier)
  }

  #foldNext(earlier: Folded | null): Ready<Folded> {
    const pages = nextPages(this.#queue, this.#isAlone ? objectsAlone : objectsAtFirst)
    this.#queue = this.#queue.filter((page) => !pages.includes(page))
    const lastSeq = earlier?.seq ?? this.#seq
    const commits = this.#commits + lastSeq - this.#seq
    const batch = { pages, lastSeq, commits, isCrowded: this.#isCrowded }
    return { pages, folded: this.#options.fold(batch, earlier) }
  }

  async #commit(pages: readonly WalkedPage[], folded: Folded): Promise<void> {
    this.#committing = folded
    const committing = folded.commit().finally(() => {
      this.#committing = null
    })
    // Asked meanwhile: after the commit the next one would wait for the answer.
    const looking = this.#options.isWorkedOn()
    this.#foldAhead()
    const committed = await committing
    this.#seq = committed.seq
    this.#commits += committed.commits
    if (!committed.asFolded || committed.hadOthers) await this.#foldAgain()
    for (const [index, page] of pages.entries())
      this.#options.onCommitted(page, committed.outcomes[index] ?? [])
    const hasOthers = (await looking) || committed.hadOthers
    this.#quiet = hasOthers ? 0 : this.#quiet + 1
    this.#isCrowded = hasOthers || (this.#isCrowded && !this.#isAlone)
  }

  // What was folded ahead took something for granted that did not come about, or others' commits for this lane's own.
  async #foldAgain(): Promise<void> {
    if (this.#ahead === null) return
    const { pages, folded } = this.#ahead
    await folded
    this.#ahead = null
    this.#queue = [...pages, ...this.#queue]
  }
}

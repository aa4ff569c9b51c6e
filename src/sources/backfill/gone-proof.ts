// Whether Stripe is known to be the one that an account was mirrored from, so that its 404 tells that an object is gone: a
// wrong key, mode or address answers 404 for everything. Guarantee: given only once it has shown something that is stored of
// the account, or that a person named. Asked for only where it matters, at the cost of a few requests.

import type { ObjectKind } from '../../core/object-kinds.ts'
import type { ReadResult, Reads } from '../../ports/pipeline-store.ts'

/** An object by kind and id. */
export interface SingleObject {
  readonly kind: ObjectKind
  readonly id: string
}

export interface Proving {
  /** Answers some objects of the account, of any kind, that were stored before then and are not deleted. */
  readonly someStored: (before: Date) => Promise<readonly SingleObject[]>
  /** Retrieves objects one by one, without their relatives: those have lists of their own. */
  readonly readSingly: (objects: readonly SingleObject[]) => Promise<Reads>
}

export class GoneProof {
  #verdict: Extract<Verdict, string> | null
  readonly #proving: Proving
  readonly #before: Date

  /** @param isGiven true where something stored is known to be there already */
  constructor(proving: Proving, { isGiven, before }: { readonly isGiven: boolean; readonly before: Date }) {
    this.#proving = proving
    this.#before = before
    this.#verdict = isGiven ? 'given' : null
  }

  /** True where nothing has to be asked any more to know that it is given. */
  get isKnown(): boolean {
    return this.#verdict === 'given'
  }

  /** Learns from what is retrieved anyway. */
  learn(reads: Reads): void {
    if ([...reads.values()].some(isThere)) this.#verdict = 'given'
  }

  /** Judges whether a 404 counts, and asks Stripe where it is not known. Rejects as the store does. */
  async judge(): Promise<Verdict> {
    if (this.#verdict !== null) return this.#verdict
    const { someStored, readSingly } = this.#proving
    const reads = [...(await readSingly(await someStored(this.#before))).values()]
    const trouble = reads.find(isTrouble)
    const isGiven = reads.some(isThere)
    // Of trouble the next look may tell more.
    if (!isGiven && trouble !== undefined) return trouble
    this.#verdict = isGiven ? 'given' : 'unproved'
    return this.#verdict
  }
}

/** Whether a 404 counts; or what kept Stripe from showing it. */
export type Verdict = 'given' | 'unproved' | Trouble
type Trouble = Extract<ReadResult, { readonly kind: 'disconnected' | 'waiting' }>

const isTrouble = (read: ReadResult): read is Trouble =>
  read.kind === 'disconnected' || read.kind === 'waiting'

// A deleted customer is shown too, by its account alone: any other answers 404 for it.
const isThere = (read: ReadResult): boolean => read.kind === 'seen'

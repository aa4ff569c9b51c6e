// What a walk yields: the types between the walk of a list and whoever takes its pages (the commit lane of a backfill,
// the comparison of a drift audit).

import type { Instant } from '../../clocks.ts'
import type { Observation } from '../../core/observation.ts'
import type { ListName } from './resources.ts'
import type { Window } from './windows.ts'

/** Where a walk of one list stands: what is left of it. Empty: it is complete. */
export type Position = readonly Window[]

/** One page as it was read. */
export interface WalkedPage {
  readonly list: ListName
  /** Unix second: what the page holds was created in it or earlier. Infinity for the newest page of a list. */
  readonly until: number
  /** Unix second: what the page holds was created in it or later. */
  readonly from: number
  /** The objects of the page that were not read before, in its order. */
  readonly observations: readonly Observation[]
  /** Relatives that they carried whole: an invoice's payments. */
  readonly carried: readonly Observation[]
  /** Entries of the page that are no Stripe objects. */
  readonly invalid: number
  /** When it was asked for. */
  readonly sentAt: Instant
  /** Commits that this walk's taker had made by then. */
  readonly commitsBefore: number
  /** What is left of the list once this page and those handed over before it are taken. */
  readonly position: Position
  /** Gives back the page's room in memory; to be called once the page is no longer held. */
  readonly giveBack: () => void
}

/**
 * Takes pages, of each list in an order in which every page's position may be saved. Resolves when there is room for
 * more, not when the page is stored; rejects to end the walk.
 */
export type TakePage = (page: WalkedPage) => Promise<void>

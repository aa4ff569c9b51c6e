// Objects that are stored and that a list, walked to its end, did not show. Guarantee: whatever was first written since the
// walk began is left out, since it may have come into being behind the walk; what was only written again, such as an
// invoice that inherits, is not.

import type { StoredOutline } from '../../core/stored-outline.ts'
import type { StripeClock } from '../stripe/stripe-clock.ts'
import type { SeenIds } from './seen-ids.ts'

export interface ListedResource {
  readonly seen: SeenIds
  /** When the walk began, on this machine's clock. */
  readonly startedAt: Date
  /** When an earlier process began it, null where none did. */
  readonly continuedFrom: Beginning | null
  /** Hands over what is stored of the resource, of the mode and within the range of the walk. */
  readonly eachStored: (take: (outline: StoredOutline) => void) => Promise<void>
}

/**
 * The moment at which an earlier process began a walk. What that one saw listed it has written, be it with a later as-of alone:
 * what was told of and written since counts as shown. What was only written has inherited, or has learnt of a relative.
 */
export interface Beginning {
  /** By the clock of the machine. */
  readonly machine: Date
  /** By Stripe's, or somewhat earlier. */
  readonly stripe: Date
}

/** What two machines' clocks may differ by, or one be set by between two runs: Stripe's time of a beginning is told out of them. */
const clockSlackMs = 300_000

/** Returns the beginning of a walk that an earlier process began. */
export const beginningAt = (machine: Date, clock: Pick<StripeClock, 'sending' | 'secondOf'>): Beginning => {
  const now = clock.sending()
  const aheadMs = clock.secondOf(now, null) * 1000 - now.wallMs
  return { machine, stripe: new Date(machine.getTime() + aheadMs - clockSlackMs) }
}

export interface Unlisted {
  /** Stored objects that the list did not show; at most `mostKept`. */
  readonly objects: readonly StoredOutline[]
  /** Number of them all, and of all that the list ought to show. */
  readonly count: number
  readonly stored: number
  /** Number of objects that were stored before the walk and that the list showed. */
  readonly stillThere: number
  /** Tombstones of objects that the list showed; at most `mostKept`. */
  readonly listedTombstones: readonly StoredOutline[]
}

/** Objects kept; more are only counted. */
const mostKept = 10_000

/** Compares what is stored of a resource with what its list showed. Rejects as `eachStored` does. */
export const findUnlisted = async ({
  seen,
  startedAt,
  continuedFrom,
  eachStored,
}: ListedResource): Promise<Unlisted> => {
  const objects: StoredOutline[] = []
  const listedTombstones: StoredOutline[] = []
  let [count, stored, stillThere] = [0, 0, 0]
  await eachStored((outline) => {
    const { isDeleted, isOnTestClock } = outline
    const isListed = seen.has(outline.id)
    if (isOnTestClock || (isDeleted && !isListed)) return
    // Their page may have written them: what it says of a tombstone does not lift it.
    if (isDeleted) return keep(listedTombstones, outline)
    stored += 1
    if (isListed && outline.firstWrittenAt < startedAt) stillThere += 1
    if (isListed || outline.firstWrittenAt >= startedAt) return
    if (continuedFrom !== null && isShownSince(outline, continuedFrom)) return
    count += 1
    keep(objects, outline)
  })
  return { objects, count, stored, stillThere, listedTombstones }
}

const isShownSince = ({ writtenAt, asOf }: StoredOutline, { machine, stripe }: Beginning): boolean =>
  writtenAt >= machine && asOf !== null && asOf >= stripe

const keep = (kept: StoredOutline[], outline: StoredOutline): void => {
  if (kept.length < mostKept) kept.push(outline)
}

/** So many may be gone of any resource, and this part of a larger one, before something else is the likelier reason. */
const fewGone = 20
const partGone = 0.05

/** Tells whether too much is gone to be believed: a wrong key, mode or address shows nothing of what is stored. */
export const isTooMuchGone = ({ count, stored }: Pick<Unlisted, 'count' | 'stored'>): boolean =>
  count > fewGone && count > stored * partGone

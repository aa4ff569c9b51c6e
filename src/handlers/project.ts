// Folding one observation into its projection: the step that every handler of a Stripe object begins with.

import { isEqual } from '../core/json.ts'
import type { Observation } from '../core/observation.ts'
import { contentOf, foldObservation, type Projection } from '../core/projection.ts'
import type { UnitOfWork } from '../unit-of-work/unit-of-work.ts'

/** A projection before and after an observation was folded into it. */
export interface Projected {
  readonly before: Projection | null
  readonly after: Projection
}

/** Folds the observation into the stored projection and puts it back; repeating it changes nothing. */
export const project = async (work: UnitOfWork, seen: Observation): Promise<Projected> => {
  const overlay = work.projections[seen.kind]
  const before = await overlay.get(seen.id)
  const after = foldObservation(before, seen)
  overlay.put(after)
  return { before, after }
}

/** Replaces a projection's canonical fields and tells whether they differ from what they were. */
export const putCanonical = (
  work: UnitOfWork,
  projection: Projection,
  canonical: Projection['canonical'],
): boolean => {
  if (projection.content === null || isEqual(projection.canonical, canonical)) return false
  work.projections[projection.kind].put({ ...projection, canonical })
  return true
}

/**
 * Tells whether an event changed what relatives depend on, so that they have to be reconciled. After a read they always
 * are: it mends what somebody else wrote into the document.
 */
export const changesRelatives = ({ before, after }: Projected, seen: Observation): boolean =>
  seen.eventId === null ||
  before === null ||
  before.links !== after.links ||
  contentOf(before) !== contentOf(after) || // the fold keeps content that is equal
  !isEqual(before.lists, after.lists)

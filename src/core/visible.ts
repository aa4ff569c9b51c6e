// What people see of a projection, for telling whether an observation changed it: all of its document but `expanded` and
// the book-keeping in `sync`. Guarantee: what the payload says under a canonical field, such as the invoice of a charge
// in one API version alone, is no change.

import { ownMetadata } from './canonical.ts'
import { incompleteLists } from './list-registers.ts'
import { contentOf, deletionOf, type Projection } from './projection.ts'
import { shownFields } from './projection-document.ts'

/** Returns what people see of a projection, to be compared. */
export const visibleOf = (projection: Projection): unknown => ({
  fields: shownFields(projection),
  livemode: projection.livemode,
  deletedAt: deletionOf(projection),
  ownMetadata: ownMetadata(projection),
  incomplete: incompleteLists(projection.kind, contentOf(projection) ?? {}),
})

// Observations written by hand, and the projections that come of them, for tests below the pipeline.

import type { JsonObject } from '../../src/core/json.ts'
import type { ObjectKind } from '../../src/core/object-kinds.ts'
import { momentOfEvent, noLinks, type Observation } from '../../src/core/observation.ts'
import { foldObservation, type Projection } from '../../src/core/projection.ts'

/** What a test says of an observation; the rest is an ordinary update of `ch_1` by an event. */
export interface Told extends Partial<Omit<Observation, 'moment'>> {
  /** Unix second of the event. */
  readonly at: number
}

/** Returns an observation of a charge, unless told otherwise; its event id names the second. */
export const observed = ({ at, ...told }: Told): Observation => ({
  kind: 'charge',
  id: 'ch_1',
  moment: momentOfEvent(at),
  eventId: `evt_${at}`,
  readSeq: null,
  source: 'replay',
  apiVersion: '2024-12-18.acacia',
  livemode: true,
  content: { id: told.id ?? 'ch_1' },
  expanded: {},
  previous: null,
  creates: false,
  revives: told.creates ?? false,
  deletes: false,
  rank: 0,
  links: noLinks,
  tellsPayment: false,
  ...told,
})

/** Returns the projection after the first observation and all others, folded in the order given. */
export const projectedFrom = (first: Observation, ...others: readonly Observation[]): Projection =>
  others.reduce((projection, seen) => foldObservation(projection, seen), foldObservation(null, first))

/** Returns a projection of one object of the kind, as one event showed it. */
export const projected = (
  kind: ObjectKind,
  content: JsonObject & { readonly id: string },
  told: Partial<Projection> = {},
): Projection => ({ ...projectedFrom(observed({ at: 1, kind, id: content.id, content })), ...told })

/** Returns every order of a few items. */
export const ordersOf = <Item>(items: readonly Item[]): readonly (readonly Item[])[] =>
  items.length < 2
    ? [items]
    : items.flatMap((item, index) =>
        ordersOf([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item, ...rest]),
      )

// Which event of one second is the last one, as the contract tells it: the one chain of previous_attributes that uses
// all events of that second from the last earlier state, otherwise lifecycle rank, then the greater event id. The
// contract leaves room (where a chain begins that is not whole, what an event without previous_attributes means in it, what
// counts as one chain, which rank goes first), so a rule is a reading of it, and an end is determined only where all readings agree.
import {
  type Family,
  hasContent,
  isCreation,
  type SeenEvent,
  subscriptionOfInvoice,
  subscriptionSnapshot,
} from './history.ts'
import { canonicalText, hashAt, hashesAt, type Json, numberAt, without, withoutNulls } from './plain-json.ts'
import { undone } from './previous-attributes.ts'

export interface OrderReading {
  /** What an event without previous_attributes may follow: its own content, any content, or nothing at all. */
  readonly plainEvents: 'same content' | 'any content' | 'no chain'
  /** Where a chain begins: in the last earlier state, or else in whatever state its first event found, since others may be missing. */
  readonly chainsBegin: 'last state' | 'any state'
  /** Where no chain uses all events of a second: whether one of those of the greatest rank counts, or none. */
  readonly chainsOfRank: boolean
  /** Chains count as one when they end alike, or only when there is but one sequence of events. */
  readonly oneChain: 'one end' | 'one sequence'
  /** Of changes told alike by several events: as few are left out of a chain as it takes, or each counts but once. */
  readonly twins: 'few' | 'all'
  /** A creation begins the chain whatever was before. */
  readonly creationsBegin: boolean
  /** Contents are compared as rendered, or in what both generations render. */
  readonly contents: 'rendered' | 'common'
  readonly firstRank: 'event type' | 'status'
  /** `charge.succeeded` and its like rank as creations of the charge. */
  readonly chargeBirthsAreCreations: boolean
}

interface Told {
  readonly content: string
  readonly before: string | undefined
}

/** An event with content, and what it tells of its object now and before, as texts that are equal for equal content. */
export interface Observation {
  readonly event: SeenEvent
  readonly rendered: Told
  readonly common: Told
}

/** A second with more events than this is not searched for chains. */
const MOST_CHAINED = 7

/** Takes the events of one object that have content for `lastByRules`. */
export const observations = (events: readonly SeenEvent[]): readonly Observation[] => {
  const isMixed = new Set(events.map((event) => event.apiVersion)).size > 1
  return events
    .filter((event) => hasContent(event.object))
    .map((event) => {
      const rendered = told(event, (object) => object)
      return { event, rendered, common: isMixed ? told(event, commonContent) : rendered }
    })
}

const told = ({ object, previous }: SeenEvent, part: (object: Json) => Json): Told => {
  const text = (whole: Json): string => canonicalText(withoutNulls(without(part(whole), ['deleted'])))
  return {
    content: text(object),
    before: previous === undefined ? undefined : text(undone(object, previous)),
  }
}

/** Tells whether more events lie in a second than are searched for chains: what leads from one to the next is then not known. */
export const hasUnsearchedSecond = (ofOneObject: readonly Observation[]): boolean =>
  seconds(ofOneObject).some((group) => group.length > MOST_CHAINED)

/** Returns what is the last observation of one object by a reading of the rules, undefined for none. */
export const lastByRules = (
  ofOneObject: readonly Observation[],
  reading: OrderReading,
): Observation | undefined => {
  let last: Observation | undefined
  for (const group of seconds(ofOneObject)) {
    last = endOf(group, last, reading) ?? greatest(group, reading)
  }
  return last
}

const endOf = (
  group: readonly Observation[],
  last: Observation | undefined,
  reading: OrderReading,
): Observation | undefined => {
  const end = group.length > 1 ? historyEnd(group, last, reading) : undefined
  if (end !== undefined || !reading.chainsOfRank) return end
  const ranked = ofGreatestRank(group, reading)
  return ranked.length > 1 ? historyEnd(ranked, last, reading) : undefined
}

/** Returns the end of the chain that uses the whole group, or else each of its changes at least once. */
const historyEnd = (
  group: readonly Observation[],
  last: Observation | undefined,
  reading: OrderReading,
): Observation | undefined => {
  if (group.length > MOST_CHAINED) return undefined
  const whole = chainEnd(group, last, reading)
  if (whole !== undefined) return whole
  const once = group.filter((one, index) => !group.slice(0, index).some((other) => isTwin(one, other)))
  if (reading.twins === 'all' || once.length === group.length) return chainEnd(once, last, reading)
  for (let left = group.length - 1; left >= once.length; left -= 1) {
    const ends = subsetsOf(group, left)
      .filter((kept) => once.every((one) => kept.some((other) => one === other || isTwin(one, other))))
      .flatMap((kept) => chainEnd(kept, last, reading) ?? [])
    const contents = new Set(ends.map((end) => end[reading.contents].content))
    if (ends.length > 0) return contents.size === 1 ? ends[0] : undefined
  }
  return undefined
}

const isTwin = ({ event, rendered }: Observation, other: Observation): boolean =>
  rendered.content === other.rendered.content &&
  (isCreation(event)
    ? isCreation(other.event)
    : rendered.before !== undefined && rendered.before === other.rendered.before)

const subsetsOf = <One>(all: readonly One[], size: number): readonly (readonly One[])[] =>
  Array.from({ length: 2 ** all.length }, (_, chosen) =>
    all.filter((_one, index) => ((chosen >> index) & 1) === 1),
  ).filter((subset) => subset.length === size)

/** All readings of the rules, each combination once. */
export const ALL_READINGS: readonly OrderReading[] = (
  ['same content', 'any content', 'no chain'] as const
).flatMap((plainEvents) =>
  (['last state', 'any state'] as const).flatMap((chainsBegin) =>
    (['one end', 'one sequence'] as const).flatMap((oneChain) =>
      [true, false].flatMap((creationsBegin) =>
        (['rendered', 'common'] as const).flatMap((contents) =>
          (['event type', 'status'] as const).flatMap((firstRank) =>
            [true, false].flatMap((chargeBirthsAreCreations) =>
              [true, false].flatMap((chainsOfRank) =>
                (['few', 'all'] as const).map((twins) => ({
                  ...{ plainEvents, chainsBegin, oneChain, creationsBegin, twins },
                  ...{ contents, firstRank, chargeBirthsAreCreations, chainsOfRank },
                })),
              ),
            ),
          ),
        ),
      ),
    ),
  ),
)

/** Returns readings of which one ends as each of all of them does, for these observations. */
export const readingsFor = (ofOneObject: readonly Observation[]): readonly OrderReading[] => {
  const hasTwins = ofOneObject.some((one, index) =>
    ofOneObject.slice(0, index).some((other) => isTwin(one, other)),
  )
  const isMixed = ofOneObject.some(({ rendered, common }) => rendered !== common)
  const hasCreation = ofOneObject.some(({ event }) => isCreation(event))
  const hasChargeBirth = ofOneObject.some(({ event }) => CHARGE_BIRTHS.includes(event.type))
  return ALL_READINGS.filter(
    ({ twins, contents, creationsBegin, chargeBirthsAreCreations }) =>
      (hasTwins || twins === 'few') &&
      (isMixed || contents === 'rendered') &&
      (hasCreation || creationsBegin) &&
      (hasChargeBirth || chargeBirthsAreCreations),
  )
}

/** Returns what both generations render of an object, moved fields at one place. */
export const commonContent = (object: Json): Json => {
  const moved = ['charge', 'paid', 'parent', 'payment_intent', 'subscription_details']
  const periods = ['current_period_start', 'current_period_end']
  if (object.object === 'invoice') {
    const subscription = subscriptionOfInvoice(object)
    return { ...without(object, moved), subscription, snapshot: subscriptionSnapshot(object) }
  }
  if (object.object === 'charge') return without(object, ['invoice'])
  if (object.object !== 'subscription') return object
  const items = hashAt(object, 'items')
  const holders = [object, ...hashesAt(items, 'data')]
  return {
    ...without(object, periods),
    period: periods
      .map((name) => holders.map((holder) => numberAt(holder, name)).filter((at) => at > 0))
      .map(extent),
    items: { ...items, data: hashesAt(items, 'data').map((item) => without(item, periods)) },
  }
}

const extent = (times: readonly number[], index: number): number =>
  index === 0 ? Math.min(...times) : Math.max(...times)

const seconds = (ofOneObject: readonly Observation[]): readonly Observation[][] => {
  const groups = new Map<number, Observation[]>()
  for (const one of ofOneObject)
    groups.set(one.event.created, [...(groups.get(one.event.created) ?? []), one])
  return [...groups.entries()].sort(([one], [other]) => one - other).map(([, group]) => group)
}

/** Returns the end of the one chain that uses the whole group, or undefined where there is none or more than one. */
const chainEnd = (
  group: readonly Observation[],
  base: Observation | undefined,
  reading: OrderReading,
): Observation | undefined => {
  let end: Observation | undefined
  let isAmbiguous = false
  const isOther = (one: Observation, other: Observation): boolean =>
    reading.oneChain === 'one sequence' || one[reading.contents].content !== other[reading.contents].content
  const extend = (rest: readonly Observation[], current: Observation | undefined): void => {
    if (rest.length === 0 && current !== undefined) {
      isAmbiguous ||= end !== undefined && isOther(current, end)
      end = current
    }
    for (const next of rest) {
      if (isAmbiguous) return
      const others = rest.filter((one) => one !== next)
      if (mayFollow(next, current, { reading, isFirst: rest.length === group.length })) extend(others, next)
    }
  }
  extend(group, base)
  if (end === undefined && reading.chainsBegin === 'any state') extend(group, undefined)
  return isAmbiguous ? undefined : end
}

const mayFollow = (
  next: Observation,
  current: Observation | undefined,
  { reading, isFirst }: { readonly reading: OrderReading; readonly isFirst: boolean },
): boolean => {
  if (reading.creationsBegin && isCreation(next.event)) return isFirst
  if (current === undefined)
    return next[reading.contents].before !== undefined || reading.plainEvents !== 'no chain'
  const { content, before } = next[reading.contents]
  const reached = current[reading.contents].content
  if (before !== undefined) return before === reached
  return (
    reading.plainEvents === 'any content' || (reading.plainEvents === 'same content' && content === reached)
  )
}

const greatest = (group: readonly Observation[], reading: OrderReading): Observation | undefined =>
  [...group].sort((one, other) => compareRanks(one.event, other.event, reading)).at(-1)

const ofGreatestRank = (group: readonly Observation[], reading: OrderReading): readonly Observation[] =>
  group.filter(({ event }) => group.every((other) => byRank(event, other.event, reading) >= 0))

const compareRanks = (one: SeenEvent, other: SeenEvent, reading: OrderReading): number =>
  byRank(one, other, reading) || (one.id < other.id ? -1 : 1)

const byRank = (one: SeenEvent, other: SeenEvent, reading: OrderReading): number => {
  const byType = typeRank(one, reading) - typeRank(other, reading)
  const byStatus = statusRank(one) - statusRank(other)
  return reading.firstRank === 'event type' ? byType || byStatus : byStatus || byType
}

const CHARGE_BIRTHS = ['charge.succeeded', 'charge.pending', 'charge.failed']

const typeRank = (event: SeenEvent, reading: OrderReading): number => {
  if (isCreation(event)) return 0
  if (reading.chargeBirthsAreCreations && CHARGE_BIRTHS.includes(event.type)) return 0
  return event.type.endsWith('.deleted') ? 2 : 1
}

/** The stages of a life, by Stripe object; what has no place in a line of stages ranks with its neighbours. */
const STATUS_RANKS: Readonly<Record<Family, Readonly<Record<string, number>>>> = {
  invoices: { draft: 0, open: 1, uncollectible: 2, paid: 3, void: 3 },
  charges: { pending: 0, failed: 1, succeeded: 1 },
  refunds: { pending: 0, requires_action: 0, succeeded: 1, failed: 2, canceled: 2 },
  subscriptions: {
    incomplete: 0,
    trialing: 1,
    active: 2,
    past_due: 2,
    unpaid: 2,
    paused: 2,
    incomplete_expired: 3,
    canceled: 3,
  },
  disputes: { needs_response: 0, under_review: 1, won: 2, lost: 2 },
  ...{ customers: {}, products: {}, invoice_payments: {} },
}

const statusRank = (event: SeenEvent): number => STATUS_RANKS[event.family][String(event.object.status)] ?? 0

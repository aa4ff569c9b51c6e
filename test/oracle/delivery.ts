// Deliveries of a history: every event at least once, in any order, in batches. The numbers that make a delivery
// don't depend on the history, so that history and delivery shrink on their own.
import fc from 'fast-check'
import {
  type History,
  isCreation,
  isDeletion,
  isPaidEvent,
  objectKey,
  type SeenEvent,
  seenEvents,
} from './history.ts'
import { relativesOf } from './history-of.ts'

export interface Delivery {
  /** Indices into `History.events`, in the order of delivery. */
  readonly batches: readonly (readonly number[])[]
}

/** What a delivery does to the order of a history, for statistics. */
export interface DeliveryTraits {
  readonly isInOrder: boolean
  readonly hasDuplicate: boolean
  /** An object is delivered first after an event that refers to it. */
  readonly lateRelative: boolean
  /** A paid event is delivered first after a later event of the same invoice. */
  readonly stalePaid: boolean
  /** A deletion is delivered before the creation of the object. */
  readonly earlyTombstone: boolean
  /** Events that one object had in one second are delivered in other than their true order. */
  readonly shuffledTie: boolean
  /** Events that one object had in one second are delivered in different batches. */
  readonly splitTie: boolean
}

interface DeliveryNumbers {
  readonly shape: 'any order' | 'nearly in order' | 'nearly reversed'
  readonly noise: readonly number[]
  readonly duplicates: readonly { readonly event: number; readonly place: number }[]
  readonly cuts: readonly boolean[]
}

const MOST_NOISE = 999
/** How far apart the noise is of neighbours that mostly keep their order. */
const STRIDE = 150

const numbersArbitrary: fc.Arbitrary<DeliveryNumbers> = fc.record({
  shape: fc.constantFrom('any order', 'nearly in order', 'nearly reversed'),
  noise: fc.array(fc.nat(MOST_NOISE), { minLength: 0, maxLength: 120, size: 'max' }),
  duplicates: fc.array(fc.record({ event: fc.nat(199), place: fc.nat(199) }), { maxLength: 6 }),
  cuts: fc.oneof(
    fc.constant([]),
    fc.constant([true]),
    fc.array(fc.boolean(), { minLength: 1, maxLength: 60, size: 'max' }),
  ),
})

/** Draws deliveries of a history: a permutation with duplicates, split in batches. Shrinks towards one batch in true order. */
export const deliveryArbitrary = (history: History): fc.Arbitrary<Delivery> =>
  numbersArbitrary.map((numbers) => deliveryOf(history, numbers))

/** Draws a history and some deliveries of it; both shrink on their own. */
export const withDeliveries = (
  histories: fc.Arbitrary<History>,
  deliveries: number,
): fc.Arbitrary<{ history: History; deliveries: readonly Delivery[] }> =>
  fc
    .tuple(histories, fc.array(numbersArbitrary, { minLength: deliveries, maxLength: deliveries }))
    .map(([history, numbers]) => ({ history, deliveries: numbers.map((of) => deliveryOf(history, of)) }))

/** Returns the delivery of all events in true order, each once, in one batch. */
export const inOrderDelivery = (history: History): Delivery => ({
  batches: [history.events.map((_, index) => index)],
})

const deliveryOf = (history: History, numbers: DeliveryNumbers): Delivery => {
  const order = permutation(history.events.length, numbers)
  for (const { event, place } of numbers.duplicates) {
    if (history.events.length > 0) order.splice(place % (order.length + 1), 0, event % history.events.length)
  }
  return { batches: cut(order, numbers.cuts) }
}

const permutation = (count: number, { shape, noise }: DeliveryNumbers): number[] => {
  const stride = { 'any order': 0, 'nearly in order': STRIDE, 'nearly reversed': -STRIDE }[shape]
  const places = Array.from({ length: count }, (_, index) => ({
    index,
    place: index * stride + (noise[index] ?? 0),
  }))
  return places
    .sort((one, other) => one.place - other.place || one.index - other.index)
    .map(({ index }) => index)
}

const cut = (order: readonly number[], cuts: readonly boolean[]): readonly (readonly number[])[] => {
  const batches: number[][] = []
  for (const [place, index] of order.entries()) {
    if (place === 0 || cuts[place % cuts.length] === true) batches.push([])
    batches.at(-1)?.push(index)
  }
  return batches
}

/** Tells what this delivery does to the order of the history. */
export const deliveryTraits = (history: History, { batches }: Delivery): DeliveryTraits => {
  const delivered = batches.flat()
  const firsts = [...new Set(delivered)]
  const place = new Map(firsts.map((index, at) => [index, at]))
  const batch = new Map(
    [...batches.entries()].reverse().flatMap(([at, indices]) => indices.map((index) => [index, at])),
  )
  const events = seenEvents(history.events)
  const placeOf = (event: SeenEvent): number => place.get(event.order) ?? -1
  const pairs = pairsOfOneObject(events)
  const ties = pairs.filter(([one, other]) => one.created === other.created)
  return {
    isInOrder: firsts.every((index, at) => at === 0 || index > (firsts[at - 1] ?? -1)),
    hasDuplicate: firsts.length < delivered.length,
    lateRelative: hasLateRelative([...events].sort((one, other) => placeOf(one) - placeOf(other))),
    stalePaid: pairs.some(([one, other]) => isPaidEvent(one) && placeOf(one) > placeOf(other)),
    earlyTombstone: pairs.some(
      ([one, other]) => isCreation(one) && isDeletion(other) && placeOf(one) > placeOf(other),
    ),
    shuffledTie: ties.some(([one, other]) => placeOf(one) > placeOf(other)),
    splitTie: ties.some(([one, other]) => batch.get(one.order) !== batch.get(other.order)),
  }
}

/** Returns all pairs of events of one object, the earlier one first. */
const pairsOfOneObject = (events: readonly SeenEvent[]): readonly (readonly [SeenEvent, SeenEvent])[] =>
  events.flatMap((one, index) =>
    events
      .slice(index + 1)
      .filter((other) => one.objectId === other.objectId && one.account === other.account)
      .map((other) => [one, other] as const),
  )

const hasLateRelative = (inOrderOfDelivery: readonly SeenEvent[]): boolean => {
  const [referred, known] = [new Set<string>(), new Set<string>()]
  return inOrderOfDelivery.some(({ account, object, objectId }) => {
    const key = objectKey(account, objectId)
    const isLate = referred.has(key) && !known.has(key)
    known.add(key)
    for (const relative of relativesOf(object)) referred.add(objectKey(account, relative))
    return isLate
  })
}

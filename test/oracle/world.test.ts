import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Delivery, deliveryArbitrary, deliveryTraits, inOrderDelivery } from './delivery.ts'
import { describeDifference } from './describe-difference.ts'
import { determinedPart } from './determined-part.ts'
import { expectedState } from './expected-state.ts'
import {
  type History,
  isCreation,
  type OracleEvent,
  objectKey,
  type SeenEvent,
  seenEvents,
} from './history.ts'
import { canonicalText, withoutNulls } from './plain-json.ts'
import { undone } from './previous-attributes.ts'
import { ALL_FAMILIES, historyArbitrary, historyWithDeliveries } from './world.ts'

const SEED = 20_261_101

const sampled = <Value>(arbitrary: fc.Arbitrary<Value>, numRuns: number): Value[] =>
  fc.sample(arbitrary, { numRuns, seed: SEED })

const share = <Value>(values: readonly Value[], fits: (value: Value) => boolean): number =>
  values.filter(fits).length / values.length

const lives = (history: History): readonly SeenEvent[][] => {
  const groups = new Map<string, SeenEvent[]>()
  for (const event of seenEvents(history.events)) {
    const key = objectKey(event.account, event.objectId)
    groups.set(key, [...(groups.get(key) ?? []), event])
  }
  return [...groups.values()]
}

/** Gives the places of a delivery to the same objects, but each object's events in their true order. */
const interleaved = (history: History, { batches }: Delivery): readonly OracleEvent[] => {
  const order = [...new Set(batches.flat())]
  const keys = new Map(
    lives(history).flatMap((life) =>
      life.map((event) => [event.order, objectKey(event.account, event.objectId)]),
    ),
  )
  const queues = new Map(
    lives(history).map((life) => [
      objectKey(life[0]?.account ?? '', life[0]?.objectId ?? ''),
      life.map((event) => event.order),
    ]),
  )
  return order.map((index, place) => {
    const truly = queues.get(keys.get(index) ?? '')?.shift() ?? index
    return { event: history.events[truly]?.event ?? {}, order: place }
  })
}

describe('The histories', () => {
  const pairs = sampled(historyWithDeliveries({ deliveries: 1 }), 300)
  const histories = pairs.map(({ history }) => history)

  it('have ties, tombstones, returns, payments and inheritance often enough', () => {
    expect(share(histories, ({ traits }) => traits.hasTie)).toBeGreaterThan(0.5)
    expect(share(histories, ({ traits }) => traits.hasTombstone)).toBeGreaterThan(0.2)
    expect(share(histories, ({ traits }) => traits.hasReturn)).toBeGreaterThan(0.2)
    expect(share(histories, ({ traits }) => traits.hasRecreation)).toBeGreaterThan(0.2)
    expect(share(histories, ({ traits }) => traits.hasPaidInvoice)).toBeGreaterThan(0.4)
    expect(share(histories, ({ traits }) => traits.hasInheritedMetadata)).toBeGreaterThan(0.2)
    expect(share(histories, ({ traits }) => traits.hasMissingRelative)).toBeGreaterThan(0.2)
    expect(share(histories, ({ traits }) => traits.hasPreexistingContact)).toBeGreaterThan(0.5)
  })

  it('are delivered with late relatives, stale payments and split seconds', () => {
    const traits = pairs.flatMap(({ history, deliveries }) =>
      deliveries.map((one) => deliveryTraits(history, one)),
    )
    expect(share(traits, (of) => of.lateRelative)).toBeGreaterThan(0.2)
    expect(share(traits, (of) => of.stalePaid)).toBeGreaterThan(0.2)
    expect(share(traits, (of) => of.earlyTombstone)).toBeGreaterThan(0.2)
    expect(share(traits, (of) => of.shuffledTie)).toBeGreaterThan(0.5)
    expect(share(traits, (of) => of.splitTie)).toBeGreaterThan(0.2)
    expect(share(traits, (of) => of.hasDuplicate)).toBeGreaterThan(0.5)
    expect(share(traits, (of) => of.isInOrder)).toBeLessThan(0.2)
  })

  it('are determined for most of what they store', () => {
    const states = histories.map((history) => ({
      history,
      state: expectedState(history, { effects: 'missing' }),
    }))
    const count = (state: object): number => Object.values(state).flat().length
    const kept = states.map(({ history, state }) => count(determinedPart(state, history)))
    const all = states.map(({ state }) => count(state))
    const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
    expect(sum(kept) / sum(all)).toBeGreaterThan(0.85)
  })

  it('reach every event type of the chosen families', () => {
    const all = sampled(historyArbitrary({ families: ALL_FAMILIES, mixedGenerations: 'any' }), 300)
    const types = new Set(all.flatMap(({ events }) => events.map(({ event }) => String(event.type))))
    const rare = ['charge.dispute.closed', 'refund.failed', 'customer.subscription.paused', 'product.deleted']
    const usual = [
      'invoice.deleted',
      'invoice_payment.paid',
      'charge.refunded',
      'invoice.voided',
      'invoice.sent',
    ]
    expect([...types]).toEqual(expect.arrayContaining([...rare, ...usual]))
    expect(share(all, ({ traits }) => traits.mixedGenerations)).toBeGreaterThan(0.1)
  })

  it('are plain JSON with unique event ids and rising seconds', () => {
    for (const { events } of histories) {
      const told = events.map(({ event }) => event)
      expect(JSON.parse(JSON.stringify(told))).toEqual(told)
      expect(new Set(told.map((event) => event.id)).size).toBe(told.length)
      const seconds = told.map((event) => Number(event.created))
      expect(seconds).toEqual([...seconds].sort((one, other) => one - other))
    }
  })

  it('tell previous_attributes that lead back to the event before', () => {
    const chained = histories.flatMap(lives).flatMap((life) => {
      const changes = life.filter(
        (event, at) => canonicalText(event.object) !== canonicalText(life[at - 1]?.object),
      )
      return changes.flatMap((event, at) =>
        event.previous === undefined || at === 0 ? [] : [{ event, before: changes[at - 1] }],
      )
    })
    expect(chained.length).toBeGreaterThan(500)
    for (const { event, before } of chained) {
      const back = undone(event.object, event.previous ?? {})
      expect(canonicalText(withoutNulls(back))).toBe(canonicalText(withoutNulls(before?.object)))
    }
  })

  it('never move the e-mail of a customer that has a contact of others', () => {
    const owners = histories.flatMap(({ preexisting, events }) =>
      (preexisting['crm.contacts'] ?? []).flatMap((contact) => {
        const [, number] = /_(?:adoptable|linked)_(\d)$/.exec(String(contact._id)) ?? []
        return seenEvents(events).filter(
          (event) => event.account === contact.stripe_user_id && event.objectId === `cus_${number}`,
        )
      }),
    )
    const emails = owners.flatMap(({ object, objectId }) =>
      'email' in object ? [[objectId, object.email]] : [],
    )
    expect(emails.length).toBeGreaterThan(100)
    for (const [id, email] of emails)
      expect(`cus_${String(email)}`).toBe(`${String(id).replace('_', '_only.')}@example.com`)
  })

  it('begin each life with a creation or a bare deletion', () => {
    const firsts = histories.flatMap(lives).flatMap((life) => life.slice(0, 1))
    const births = ['charge.succeeded', 'charge.pending', 'charge.failed', 'invoice_payment.paid']
    const odd = firsts.filter((event) => !isCreation(event) && !births.includes(event.type))
    expect(odd.length).toBeGreaterThan(10)
    expect([...new Set(odd.map(({ type }) => type))].filter((type) => !type.endsWith('.deleted'))).toEqual([])
  })
})

describe('The oracle', () => {
  const options = { families: ALL_FAMILIES, mixedGenerations: 'any', deliveries: 1 } as const

  it('expects the same however the lives of objects interleave', () => {
    const property = fc.property(historyWithDeliveries(options), ({ history, deliveries }) => {
      const [delivery = inOrderDelivery(history)] = deliveries
      const truly = expectedState(history, { effects: 'missing' })
      const otherwise = expectedState(
        { ...history, events: interleaved(history, delivery) },
        { effects: 'missing' },
      )
      expect(describeDifference(determinedPart(truly, history), determinedPart(otherwise, history))).toBe('')
    })
    fc.assert(property, { numRuns: 300, seed: SEED })
  })

  it('delivers every event at least once', () => {
    const histories = sampled(historyArbitrary(), 5)
    const delivered = histories.flatMap((history) =>
      sampled(deliveryArbitrary(history), 10).map(({ batches }) => ({ history, batches })),
    )
    expect(delivered).toHaveLength(50)
    for (const { history, batches } of delivered) {
      expect(history.events.length).toBeGreaterThan(0)
      expect([...new Set(batches.flat())].sort((one, other) => one - other)).toEqual(
        history.events.map(({ order }) => order),
      )
    }
  })

  it('shrinks a failing history to few events', () => {
    const hasReturn = fc.property(historyArbitrary(), ({ traits }) => !traits.hasReturn)
    const { counterexample } = fc.check(hasReturn, { seed: SEED })
    expect(counterexample?.[0]?.events.length).toBeLessThan(8)
  })
})

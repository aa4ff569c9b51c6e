// Checks a property over random histories of the oracle, and that they met what the property is about.

import fc from 'fast-check'
import { expect } from 'vitest'
import { type Delivery, deliveryTraits } from '../oracle/delivery.ts'
import type { History } from '../oracle/history.ts'
import { ALL_FAMILIES, historyWithDeliveries } from '../oracle/world.ts'

export interface DeliveredHistory {
  readonly history: History
  readonly deliveries: readonly Delivery[]
}

/**
 * Least share of the histories that must have a trait, for the run to prove anything. The rarest has 42 %, so that a hundred
 * histories fall short of this three times in a million runs.
 */
const leastShare = 0.2

/** Runs a property over histories with random deliveries and one that is reversed; prints the seed that repeats the run when given as PROPERTY_SEED. */
export const checkHistories = async (
  { runs, deliveries }: { readonly runs: number; readonly deliveries: number },
  property: (delivered: DeliveredHistory) => Promise<void>,
): Promise<void> => {
  const seed = Number(process.env.PROPERTY_SEED ?? Date.now() % 2 ** 31)
  console.log(`PROPERTY_SEED=${seed}, ${runs} histories`)
  const met = { tie: 0, tombstone: 0, lateRelative: 0, stalePaid: 0 }
  const histories = historyWithDeliveries({ families: ALL_FAMILIES, mixedGenerations: 'any', deliveries })
  await fc.assert(
    fc.asyncProperty(histories, async ({ history, deliveries: random }) => {
      const delivered = { history, deliveries: [...random, reversed(history)] }
      await property(delivered)
      countTraits(met, delivered)
    }),
    { numRuns: runs, seed },
  )
  console.log(JSON.stringify(met))
  for (const [trait, count] of Object.entries(met))
    expect(count / runs, trait).toBeGreaterThanOrEqual(leastShare)
}

// The order in which every event but the last is stale: events one by one, or several at once, as many as follows from the
// history, so that a run with a seed can be repeated.
const reversed = ({ events }: History): Delivery => {
  const size = 1 + (events.length % 6)
  const indexes = events.map((_, index) => index).reverse()
  return {
    batches: Array.from({ length: Math.ceil(indexes.length / size) }, (_, batch) =>
      indexes.slice(batch * size, (batch + 1) * size),
    ),
  }
}

const countTraits = (
  met: Record<'tie' | 'tombstone' | 'lateRelative' | 'stalePaid', number>,
  delivered: DeliveredHistory,
) => {
  const traits = delivered.deliveries.map((delivery) => deliveryTraits(delivered.history, delivery))
  met.tie += Number(delivered.history.traits.hasTie)
  met.tombstone += Number(delivered.history.traits.hasTombstone)
  met.lateRelative += Number(traits.some(({ lateRelative }) => lateRelative))
  met.stalePaid += Number(traits.some(({ stalePaid }) => stalePaid))
}

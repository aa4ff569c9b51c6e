// Tells which deliveries hold another event than the one that is stored under their id.

import type { Binary, Db } from 'mongodb'
import type { Delivery } from '../../ports/pipeline-store.ts'
import { isSameEvent, rowIdOf } from '../inbox.ts'

/** How long the stored events are waited for. */
const timeoutMs = 2_000

/**
 * Returns the deliveries whose event is another one. None where MongoDB does not answer: they are stored under their
 * first form whatever comes of this, which only warns.
 */
export const findConflicts = async (
  db: Db,
  deliveries: readonly Delivery[],
): Promise<readonly Delivery[]> => {
  const ids = [...new Set(deliveries.map(rowIdOf))]
  const rows = await db
    .collection<{ readonly _id: string; readonly payload: Binary }>('billing.events')
    .find({ _id: { $in: ids } }, { projection: { payload: 1 }, signal: AbortSignal.timeout(timeoutMs) })
    .toArray()
    .catch(() => [])
  const stored = new Map(rows.map(({ _id, payload }) => [_id, payload.buffer]))
  return deliveries.filter((delivery) => {
    const payload = stored.get(rowIdOf(delivery))
    return payload !== undefined && !isSameEvent(payload, delivery.payload)
  })
}

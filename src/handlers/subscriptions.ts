// Subscriptions: https://docs.stripe.com/api/subscriptions/object

import type { Handler } from './handler.ts'
import { changesRelatives, project } from './project.ts'
import { reconcileSubscription } from './relatives.ts'

/** Stores a subscription that came into being; its metadata reaches all its invoices and their charges. */
export const createSubscription: Handler = async (work, seen) => {
  const projected = await project(work, seen)
  if (changesRelatives(projected, seen)) await reconcileSubscription(work, projected)
  work.awaitSpread(seen.id)
}

/** Updates a subscription, or stores one whose beginning was never seen. */
export const updateSubscription: Handler = createSubscription

/** Keeps the latest payload of a subscription that ended: it is canceled, not deleted, and stays retrievable. */
export const deleteSubscription: Handler = createSubscription

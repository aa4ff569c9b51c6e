// Refunds: https://docs.stripe.com/api/refunds/object

import type { Handler } from './handler.ts'
import { project } from './project.ts'

/** Stores a refund that came into being. */
export const createRefund: Handler = async (work, seen) => {
  await project(work, seen)
}

/** Updates a refund: amount, currency, status; a succeeded one may still fail. */
export const updateRefund: Handler = createRefund

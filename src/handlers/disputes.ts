// Disputes: https://docs.stripe.com/api/disputes/object

import type { Handler } from './handler.ts'
import { project } from './project.ts'

/** Stores a dispute that was opened. */
export const newDispute: Handler = async (work, seen) => {
  await project(work, seen)
}

/** Updates a dispute: its status, evidence or moved funds. */
export const updateDispute: Handler = newDispute

/** Keeps the outcome of a dispute that closed (lost, won or warning_closed); it may still be appealed. */
export const closeDispute: Handler = newDispute

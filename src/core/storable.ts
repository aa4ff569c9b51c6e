// What MongoDB can't hold, told before anything is folded, so that it fails the one event that brought it.

import { BillingSyncError } from '../errors.ts'
import type { Json } from './json.ts'
import type { Observation } from './observation.ts'

/** Deepest nesting of a payload; the server refuses documents nested over 100 levels, and a projection wraps it. */
const deepestNesting = 90

/** Returns why MongoDB can't hold a payload, or null when it can. Its size is judged when it is written. */
export const problemOfStoring = (payload: Json): string | null => judge(payload, 1)

/** Throws `payload_unstorable` where MongoDB can't hold what was observed: the snapshots and old values are kept too. */
export const assertStorable = (seen: Pick<Observation, 'content' | 'expanded' | 'previous'>): void => {
  for (const part of [seen.content, seen.expanded, seen.previous]) {
    const problem = problemOfStoring(part)
    if (problem !== null) throw new BillingSyncError('payload_unstorable', { problem })
  }
}

const judge = (value: Json, depth: number): string | null => {
  if (typeof value === 'number') return Number.isFinite(value) ? null : 'it holds a number that is not finite'
  if (typeof value !== 'object' || value === null) return null
  if (depth > deepestNesting) return `it is nested more than ${deepestNesting} levels deep`
  const children = Array.isArray(value) ? value : Object.values(value)
  for (const child of children) {
    const problem = judge(child, depth + 1)
    if (problem !== null) return problem
  }
  return null
}

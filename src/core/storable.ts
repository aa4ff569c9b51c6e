// What MongoDB can't hold, told before anything is folded, so that it fails the one event that brought it.

import { BillingSyncError } from '../errors.ts'
import type { Json, JsonObject } from './json.ts'
import type { Observation } from './observation.ts'

/** Deepest nesting of a payload; the server refuses documents nested over 100 levels, and a projection wraps it. */
export const deepestNesting = 90

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
  return isList(value) ? judgeItems(value, depth + 1) : judgeEntries(value, depth + 1)
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

const judgeItems = (items: readonly Json[], depth: number): string | null => {
  for (const item of items) {
    const problem = judge(item, depth)
    if (problem !== null) return problem
  }
  return null
}

// Lists of values would cost three times as much (measured).
const judgeEntries = (object: JsonObject, depth: number): string | null => {
  for (const key in object) {
    const problem = judge(object[key] ?? null, depth)
    if (problem !== null) return problem
  }
  return null
}

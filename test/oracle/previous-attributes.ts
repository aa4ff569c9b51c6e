// What Stripe calls previous_attributes: the old values of what an update changed. A hash is told in part,
// an array whole, and a key that was not there before as null.
import { canonicalText, isHash, type Json } from './plain-json.ts'

/** Returns the previous_attributes of the change from one rendered object to another; empty when nothing changed. */
export const previousAttributes = (before: Json, after: Json): Json => {
  const previous: Json = {}
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, current] = [before[key], after[key]]
    if (canonicalText(old) === canonicalText(current)) continue
    previous[key] = isHash(old) && isHash(current) ? previousAttributes(old, current) : (old ?? null)
  }
  return previous
}

/** Returns the object as it was before the change that these previous_attributes tell of; gone keys come back as null. */
export const undone = (after: Json, previous: Json): Json => {
  const before: Json = { ...after }
  for (const [key, old] of Object.entries(previous)) {
    const current = before[key]
    before[key] = isHash(old) && isHash(current) ? undone(current, old) : old
  }
  return before
}

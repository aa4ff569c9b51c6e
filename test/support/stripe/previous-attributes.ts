// The difference of two renderings as Stripe tells it in `previous_attributes`: the former value of what changed.
import { type Hash, isHash, type Json, own, sameJson } from './json.ts'

/** Returns the former values; inside a hash only those that changed, of a list the whole, null for what was not there. */
export const previousAttributes = (before: Hash, after: Hash): Hash => {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  const changed = [...keys].filter((key) => !sameJson(own(before, key), own(after, key)))
  return Object.fromEntries(
    changed.map((key): [string, Json] => [key, formerValue(own(before, key), own(after, key))]),
  )
}

const formerValue = (before: Json | undefined, after: Json | undefined): Json => {
  if (before === undefined) return null
  return isHash(before) && isHash(after) ? previousAttributes(before, after) : before
}

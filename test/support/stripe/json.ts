// Plain JSON as the played Stripe holds and sends it, and how its parts are read. Reads look at own keys only, for
// tests put keys such as `__proto__` into metadata on purpose.

export type Json = string | number | boolean | null | readonly Json[] | Hash
export interface Hash {
  readonly [key: string]: Json
}

/** Tells whether a value is a JSON hash: no list and no null. */
export const isHash = (value: unknown): value is Hash =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Returns the value under a key of the hash itself, undefined when there is none. */
export const own = (hash: Hash, key: string): Json | undefined =>
  Object.hasOwn(hash, key) ? hash[key] : undefined

/** Returns the value at a dotted path such as `payment.payment_intent`, undefined where the path ends early. */
export const valueAt = (hash: Hash, path: string): Json | undefined => {
  let value: Json | undefined = hash
  for (const key of path.split('.')) value = isHash(value) ? own(value, key) : undefined
  return value
}

/** Returns the hash at a dotted path, an empty one when something else is there. */
export const hashAt = (hash: Hash, path: string): Hash => {
  const value = valueAt(hash, path)
  return isHash(value) ? value : {}
}

/** Returns the string at a dotted path, null when something else is there. */
export const textAt = (hash: Hash, path: string): string | null => {
  const value = valueAt(hash, path)
  return typeof value === 'string' ? value : null
}

/** Returns the number at a dotted path, 0 when something else is there. */
export const numberAt = (hash: Hash, path: string): number => {
  const value = valueAt(hash, path)
  return typeof value === 'number' ? value : 0
}

/** Returns the hashes of the list at a dotted path. */
export const hashesAt = (hash: Hash, path: string): readonly Hash[] => {
  const value = valueAt(hash, path)
  return Array.isArray(value) ? value.filter(isHash) : []
}

/** Returns the hash without some of its keys. */
export const without = (hash: Hash, keys: readonly string[]): Hash =>
  Object.fromEntries(Object.entries(hash).filter(([key]) => !keys.includes(key)))

/** Tells whether two JSON values are the same, the order of keys aside. */
export const sameJson = (one: Json | undefined, other: Json | undefined): boolean => {
  if (one === other) return true
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((value, index) => sameJson(value, other[index]))
  }
  if (!isHash(one) || !isHash(other)) return false
  const keys = Object.keys(one)
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && sameJson(own(one, key), own(other, key)))
  )
}

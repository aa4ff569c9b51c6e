// JSON as Stripe sends it, read without trusting a single key: metadata is written by strangers, so every
// look-up here asks for own properties only and no copy assigns the key `__proto__`, which would change the prototype.

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/** Tells whether a value is a JSON object: neither null nor an array. */
export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)

/** Returns the object's own value under `key`, or undefined; never reaches a prototype. Never throws. */
export const own = (object: JsonObject | null | undefined, key: string): Json | undefined =>
  object != null && Object.hasOwn(object, key) ? object[key] : undefined

/** Returns the own value under `key` when it is a JSON object, else null. */
export const ownObject = (object: JsonObject | null | undefined, key: string): JsonObject | null => {
  const value = own(object, key)
  return isJsonObject(value) ? value : null
}

/** Returns the own value under `key` when it is a string that is not empty, else null. */
export const ownString = (object: JsonObject | null | undefined, key: string): string | null => {
  const value = own(object, key)
  return typeof value === 'string' && value !== '' ? value : null
}

/** Returns the own value under `key` when it is a finite number, else null. */
export const ownNumber = (object: JsonObject | null | undefined, key: string): number | null => {
  const value = own(object, key)
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

/** Returns the object without the named keys: itself where it has none of them. */
export const without = (object: JsonObject, keys: ReadonlySet<string>): JsonObject =>
  hasAny(object, keys) ? copyWithout(object, keys) : object

// Half of what a list of entries, or a destructured rest, costs (measured on payloads of 50 fields). JSON inherits nothing
// that `for in` would show.
const copyWithout = (object: JsonObject, keys: ReadonlySet<string>): JsonObject => {
  const copy: Record<string, Json> = {}
  for (const key in object) {
    if (keys.has(key)) continue
    const value = object[key] ?? null // JSON has no undefined
    if (key === '__proto__') Object.defineProperty(copy, key, { ...plain, value })
    else copy[key] = value
  }
  return copy
}

const plain = { enumerable: true, configurable: true, writable: true }

const hasAny = (object: JsonObject, keys: ReadonlySet<string>): boolean => {
  for (const key of keys) if (Object.hasOwn(object, key)) return true
  return false
}

/**
 * Compares two values by content: key order aside, own keys only, dates by their time, a key that is
 * undefined like one that is absent. (A library such as fast-deep-equal calls a metadata key named `valueOf`.)
 */
export const isEqual = (left: unknown, right: unknown): boolean => {
  if (Object.is(left, right) || left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (left instanceof Date || right instanceof Date) return isSameDate(left, right)
  if (Array.isArray(left) || Array.isArray(right)) return isSameArray(left, right)
  return isSameObject(left as Record<string, unknown>, right as Record<string, unknown>) // both are plain objects by now
}

const isSameDate = (left: object, right: object): boolean =>
  left instanceof Date && right instanceof Date && left.getTime() === right.getTime()

const isSameArray = (left: unknown, right: unknown): boolean => {
  if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false
  for (let index = 0; index < left.length; index += 1) if (!isEqual(left[index], right[index])) return false
  return true
}

// A `for in` makes no list of keys and reads each value by its place: half the time of lists of keys and values (measured
// on events of many shapes). What `right` only inherits is a function or a prototype, which equals no value of JSON but
// an empty object.
const isSameObject = (left: Record<string, unknown>, right: Record<string, unknown>): boolean => {
  let fields = 0
  for (const key in left) {
    const value = left[key]
    if (value === undefined) continue
    const other = right[key]
    if (value !== other && !(Object.hasOwn(right, key) && isEqual(value, other))) return false
    fields += 1
  }
  let others = 0
  for (const key in right) if (right[key] !== undefined) others += 1
  // What MongoDB knows beside JSON may have nothing of its own to compare, such as a MinKey or a pattern.
  return fields === others && (fields > 0 || isPlain(left) === isPlain(right))
}

/**
 * Compares two values of JSON as `isEqual` does, however deep they are nested: with a list of its own of what is left, where
 * a call for each level would run out of stack. It takes longer, and never throws.
 */
export const isEqualAtAnyDepth = (left: Json, right: Json): boolean => {
  const pairs: JsonPair[] = [[left, right]]
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop())
    if (!isEqualOutside(pair, pairs)) return false
  return true
}

type JsonPair = readonly [Json, Json]

// What the two hold is left to be compared.
const isEqualOutside = ([left, right]: JsonPair, inner: JsonPair[]): boolean => {
  if (Array.isArray(left) && Array.isArray(right)) {
    if (left.length !== right.length) return false
    for (let index = 0; index < left.length; index += 1)
      if (!isEqualSoFar(left[index], right[index], inner)) return false
    return true
  }
  if (!isJsonObject(left) || !isJsonObject(right)) return left === right
  const keys = Object.keys(left)
  if (keys.length !== Object.keys(right).length) return false
  for (const key of keys) {
    const [one, other] = [own(left, key), own(right, key)]
    if (one === undefined || other === undefined) return false
    if (!isEqualSoFar(one, other, inner)) return false
  }
  return true
}

// Only what holds something is left for later: a list of two million numbers would take 150 MB in pairs (measured).
const isEqualSoFar = (left: Json, right: Json, inner: JsonPair[]): boolean => {
  if (typeof left !== 'object' || left === null) return left === right
  inner.push([left, right])
  return true
}

/** Tells whether an object is made of fields alone, as JSON's are: of no class. */
export const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

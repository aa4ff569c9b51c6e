/** A JSON object as Stripe sends it or a store returns it. */
export type Json = Record<string, unknown>

/** Tells a JSON object from arrays, dates, null and scalars; never throws. */
export const isHash = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)

/** Returns the object at a key, or an empty one where there is none. */
export const hashAt = (object: Json, key: string): Json => {
  const value = ownValue(object, key)
  return isHash(value) ? value : {}
}

/** Returns the text at a key, or null for everything that is no text. */
export const textAt = (object: Json, key: string): string | null => {
  const value = ownValue(object, key)
  return typeof value === 'string' ? value : null
}

/** Returns the number at a key, or 0 for everything that is no number. */
export const numberAt = (object: Json, key: string): number => {
  const value = ownValue(object, key)
  return typeof value === 'number' ? value : 0
}

/** Returns the array of objects at a key; whatever else lies in it is left out. */
export const hashesAt = (object: Json, key: string): readonly Json[] => {
  const value = ownValue(object, key)
  return Array.isArray(value) ? value.filter(isHash) : []
}

/** Renders a value so that equal content gives equal text: keys sorted, dates told from texts. */
export const canonicalText = (value: unknown): string => {
  if (value instanceof Date) return `Date(${value.toISOString()})`
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`
  if (!isHash(value)) return JSON.stringify(value) ?? 'undefined'
  const entries = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalText(value[key])}`)
  return `{${entries.join(',')}}`
}

/** Copies a value without the keys that hold null, at every depth outside arrays. */
export const withoutNulls = (value: unknown): unknown => {
  if (!isHash(value)) return value
  const kept = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined)
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutNulls(inner)]))
}

/** Copies a value as a database holds it: a lone surrogate, and a NUL in a key, are there as their `\u` escape. */
export const withEscapes = (value: unknown): unknown => {
  if (typeof value === 'string') return value.isWellFormed() ? value : value.replace(/\p{Cs}/gu, escapeOf)
  if (Array.isArray(value)) return value.map(withEscapes)
  if (!isHash(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [escapedKey(key), withEscapes(held)]))
}

const escapedKey = (key: string): string =>
  key.isWellFormed() && !key.includes('\0') ? key : key.replace(/[\0\p{Cs}]/gu, escapeOf)

const escapeOf = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Copies an object without some of its keys. */
export const without = (object: Json, keys: readonly string[]): Json =>
  Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)))

const ownValue = (object: Json, key: string): unknown =>
  Object.hasOwn(object, key) ? object[key] : undefined

// What MongoDB can't hold but as text: a NUL in a key and a lone surrogate stand in documents as their `\u` escape.
// Payloads are escaped before anything is folded: what came just now then says the same as what was stored of it, and
// the result does not hang on which observations met in one batch.

import type { Json, JsonObject } from './json.ts'
import { deepestNesting } from './storable.ts'

/** Returns a text as it is stored: with the escapes of its lone surrogates. */
export const storableText = (text: string): string =>
  text.isWellFormed() ? text : escapeLoneSurrogates(text)

/** Returns a key as it is stored: with the escapes of its lone surrogates and NULs. */
export const storableKey = (key: string): string => {
  const whole = storableText(key)
  return whole.includes('\0') ? whole.replaceAll('\0', '\\u0000') : whole
}

/** Tells whether a key can be stored without an escape. */
export const isStorableKey = (key: string): boolean => storableKeys.has(key) || isFoundStorable(key)

const isFoundStorable = (key: string): boolean => {
  if (!key.isWellFormed() || key.includes('\0')) return false
  if (storableKeys.size < mostRemembered && key.length <= longestRemembered) storableKeys.add(key)
  return true
}

// Stripe's names come again with every object: to look one up costs a third of reading it (measured). What strangers
// name may fill what there is room for, and no more.
const storableKeys = new Set<string>()
const mostRemembered = 2_000
const longestRemembered = 64

/**
 * Returns a payload as it is stored: itself where it holds nothing to escape, as nearly all do. Never throws: what is
 * nested too deep for MongoDB is left as it is, and refused later.
 */
export const withEscapes = <Payload extends JsonObject>(payload: Payload): Payload =>
  isSound(payload, 1) ? payload : (escaped(payload, 1) as Payload) // an object stays one, its fields of their types

const isSound = (value: Json, depth: number): boolean => {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value !== 'object' || value === null || depth > deepestNesting) return true
  return isList(value) ? hasSoundItems(value, depth + 1) : hasSoundEntries(value, depth + 1)
}

const hasSoundItems = (items: readonly Json[], depth: number): boolean => {
  for (const item of items) if (!isSound(item, depth)) return false
  return true
}

const hasSoundEntries = (object: JsonObject, depth: number): boolean => {
  for (const key in object) if (!isStorableKey(key) || !isSound(object[key] ?? null, depth)) return false
  return true
}

const escaped = (value: Json, depth: number): Json => {
  if (typeof value === 'string') return storableText(value)
  if (typeof value !== 'object' || value === null || depth > deepestNesting) return value
  if (isList(value)) return value.map((item) => escaped(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([key, held]) => [storableKey(key), escaped(held, depth + 1)]),
  )
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

const escapeLoneSurrogates = (text: string): string =>
  text.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16)}`
  })

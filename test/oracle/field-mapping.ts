// Copies customer fields to contact fields as an account's mappings say it.
import type { AccountSettings } from './history.ts'
import { isHash, type Json } from './plain-json.ts'

export type Mapping = AccountSettings['mappings'][number]

/** What is copied where an account names no mapping. */
export const PLAIN_MAPPINGS: readonly Mapping[] = ['email', 'name', 'phone'].map((field) => ({
  from: field,
  to: field,
}))

/** Reads a dot path; at each level the longest own key that fits is taken first, so `metadata.a.b` may be one key. */
export const valueAtPath = (value: unknown, path: string): unknown => {
  if (path === '') return value
  if (!isHash(value)) return undefined
  const parts = path.split('.')
  for (let length = parts.length; length > 0; length -= 1) {
    const key = parts.slice(0, length).join('.')
    if (Object.hasOwn(value, key)) return valueAtPath(value[key], parts.slice(length).join('.'))
  }
  return undefined
}

/** Returns the contact with the value of each mapping set, or unset where the customer has null or nothing. */
export const mirrored = (contact: Json, customer: Json, mappings: readonly Mapping[]): Json =>
  mappings.reduce(
    (result, { from, to }) => withValue(result, to.split('.'), valueAtPath(customer, from)),
    contact,
  )

const withValue = (target: Json, [key, ...rest]: readonly string[], value: unknown): Json => {
  if (key === undefined) return target
  const { [key]: current, ...others } = target
  if (rest.length > 0) return { ...others, [key]: withValue(isHash(current) ? current : {}, rest, value) }
  return value === null || value === undefined ? others : { ...others, [key]: value }
}

// The configured mapping of customer fields to contact fields. Guarantees: reads own properties only, and can't
// write `_id`, identity fields, operators or a prototype: such a mapping is refused when the config, or an account's row that
// somebody wrote to, is read.

import { isJsonObject, type Json, type JsonObject, own } from './json.ts'

/** One configured copy: a dot path into the customer, a dot path into the contact. */
export interface MappingRule {
  readonly from: string
  readonly to: string
}

/** A value for a contact field; undefined where the customer has none (the field is then unset). */
export interface MappedField {
  readonly path: readonly string[]
  readonly value: Json | undefined
}

/** Used without configured mappings. */
export const defaultMappings: readonly MappingRule[] = ['email', 'name', 'phone'].map((name) => ({
  from: name,
  to: name,
}))

const reservedTargets = new Set([
  '_id',
  'stripe_user_id',
  'stripe_customer_id',
  'former_stripe_customer_ids',
  'source',
  'sync',
  'created_at',
  'updated_at',
])
const reservedSegments = new Set(['__proto__', 'constructor', 'prototype'])

/** How deep a mapping may write, and how long its paths may be. */
const deepestTarget = 8
const longestPath = 200

/** Returns why a mapping can't be used, or null when it can. */
export const problemOfMapping = ({ from, to }: MappingRule): string | null => {
  if (from === '' || from.length > longestPath)
    return `"from" must be a path of 1 to ${longestPath} characters`
  const segments = to.split('.')
  if (to.length > longestPath || segments.length > deepestTarget)
    return `"to" must be at most ${deepestTarget} levels deep`
  if (segments.includes('')) return `"to" must be a dot path without empty parts, got "${to}"`
  if (segments.some((part) => part !== part.trim()))
    return `"to" must be a dot path without blanks around its parts, got "${to}"`
  const forbidden = segments.find(
    (part) => part.startsWith('$') || part.includes('\0') || reservedSegments.has(part),
  )
  if (forbidden !== undefined) return `"to" must not contain "${forbidden}"`
  return reservedTargets.has(segments[0] ?? '')
    ? `"to" must not be "${to}", which billing-sync itself keeps`
    : null
}

/** Returns why what is kept as an account's mappings can't be used, or null when it can. */
export const problemOfMappings = (kept: unknown): string | null => {
  if (!Array.isArray(kept)) return 'expected a list of {from, to}'
  const problems = kept.map((rule: unknown) =>
    isJsonObject(rule) && typeof rule.from === 'string' && typeof rule.to === 'string'
      ? problemOfMapping({ from: rule.from, to: rule.to })
      : 'expected each to be {from, to}, two texts',
  )
  return problems.find((problem) => problem !== null) ?? null
}

/** Returns the contact fields that rules write to, the defaults' where there are none. */
export const targetsOf = (rules: readonly MappingRule[]): readonly string[] =>
  (rules.length > 0 ? rules : defaultMappings).map(({ to }) => to)

/** Returns the contact fields that a customer gives under the rules; null and absent both come as undefined. */
export const getMapping = (customer: JsonObject, rules: readonly MappingRule[]): readonly MappedField[] =>
  rules.map(({ from, to }) => ({ path: to.split('.'), value: readPath(customer, from) ?? undefined }))

// Keys may hold dots themselves, so at each level the longest own key that the path begins with is taken.
const readPath = (object: JsonObject, path: string): Json | undefined => {
  if (Object.hasOwn(object, path)) return own(object, path)
  for (let dot = path.lastIndexOf('.'); dot >= 0; dot = path.lastIndexOf('.', dot - 1)) {
    const next = own(object, path.slice(0, dot))
    const found = isJsonObject(next) ? readPath(next, path.slice(dot + 1)) : undefined
    if (found !== undefined || dot === 0) return found
  }
  return undefined
}

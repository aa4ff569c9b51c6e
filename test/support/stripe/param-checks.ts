// Reads single parameters of a request, and refuses what Stripe refuses.
import { badParameter } from './api-error.ts'
import { isParams, type Param } from './query-string.ts'

/** Returns a text parameter. */
export const textParam = (name: string, value: Param): string => {
  if (typeof value === 'string') return value
  throw badParameter(name, 'Invalid string')
}

/** Returns a whole number, as all of Stripe's numbers in queries are. */
export const integerParam = (name: string, value: Param): number => {
  if (typeof value === 'string' && /^-?\d+$/.test(value)) return Number(value)
  throw badParameter(name, `Invalid integer: ${JSON.stringify(value)}`, 'parameter_invalid_integer')
}

/** Returns a boolean parameter. */
export const booleanParam = (name: string, value: Param): boolean => {
  if (value === 'true' || value === 'false') return value === 'true'
  throw badParameter(name, `Invalid boolean: ${JSON.stringify(value)}`)
}

/** Returns a parameter that has to be one of some words. */
export const wordParam = (name: string, value: Param, words: readonly string[]): string => {
  const word = textParam(name, value)
  if (words.includes(word)) return word
  throw badParameter(name, `Invalid ${name}: must be one of ${words.join(', ')}`)
}

/** Returns an array of texts. */
export const textsParam = (name: string, value: Param): readonly string[] => {
  if (Array.isArray(value)) return value
  throw badParameter(name, 'Invalid array')
}

/** Bounds in unix seconds or another integer: `from` is in, `to` is out. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** Returns the bounds of a range parameter: one integer, or a hash of gt, gte, lt and lte. */
export const rangeParam = (name: string, value: Param): Range => {
  if (!isParams(value)) {
    const exact = integerParam(name, value)
    return { from: exact, to: exact + 1 }
  }
  let range: Range = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }
  for (const [bound, text] of Object.entries(value)) {
    range = narrowed(range, bound, { name, number: integerParam(`${name}[${bound}]`, text) })
  }
  return range
}

const narrowed = (
  { from, to }: Range,
  bound: string,
  { name, number }: { name: string; number: number },
): Range => {
  switch (bound) {
    case 'gt':
      return { from: Math.max(from, number + 1), to }
    case 'gte':
      return { from: Math.max(from, number), to }
    case 'lt':
      return { from, to: Math.min(to, number) }
    case 'lte':
      return { from, to: Math.min(to, number + 1) }
    default:
      throw badParameter(
        `${name}[${bound}]`,
        `Received unknown parameter: ${name}[${bound}]`,
        'parameter_unknown',
      )
  }
}

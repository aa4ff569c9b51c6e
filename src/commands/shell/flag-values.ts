// Values of flags as they are typed: lists, dates and rates.

import { parseInstant } from '../../config/times.ts'
import { BillingSyncError } from '../../errors.ts'

/** Returns the error of options that can't be used, or not together. */
export const refuseUsage = (problem: string): BillingSyncError =>
  new BillingSyncError('usage_invalid', { problem })

/** Returns the values of an option that may be given several times, or with comma lists. Throws `usage_invalid`. */
export const valuesOf = (
  option: string,
  given: readonly string[] = [],
  separator: RegExp = /,/,
): readonly string[] => {
  const values = given.flatMap((text) => text.split(separator)).map((value) => value.trim())
  if (!values.includes('')) return values
  throw refuseUsage(`${option}: expected a value or a comma list of values, got an empty one`)
}

/** Returns the instant that a flag names; null where it is not given. Throws `usage_invalid`. */
export const instantOf = (option: string, text: string | undefined, now: Date): Date | null => {
  if (text === undefined) return null
  const instant = parseInstant(text, now)
  if (instant !== null) return instant
  throw refuseUsage(
    `${option}: expected a date such as 2026-01-31, an instant, or 30d or 12h ago, got "${text}"`,
  )
}

/** Slowest pace, so that a wait between two steps stays one that a timer can hold. */
const slowestRate = 0.001

/** Fastest pace; beyond any that can be reached. */
const fastestRate = 1_000_000

/** Returns how often a second a flag allows something; null where it is not given. Throws `usage_invalid`. */
export const rateOf = (text: string | undefined, what: string): number | null => {
  if (text === undefined) return null
  const rate = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0
  if (rate >= slowestRate && rate <= fastestRate) return rate
  const expected = `${what} a second, a number from ${slowestRate} to ${fastestRate}`
  throw refuseUsage(`--rate: expected ${expected} such as 25 or 0.5, got "${text}"`)
}

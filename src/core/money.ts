// Amounts as people read them. Integers only: digits are moved as text, so no amount is ever rounded.

/** A row of the `currency` collection. */
export interface Currency {
  /** Upper-case ISO 4217 code. */
  readonly code: string
  /** Written before the amount; null or empty where the code is written instead. */
  readonly symbol: string | null
  /** Digits after the point as Stripe counts them: https://docs.stripe.com/currencies#special-cases. */
  readonly exponent: number
}

/** Stripe's exponent for a currency that the table doesn't know. */
const usualExponent = 2

/** More digits than that no currency has; ISO 4217 knows four. */
const mostDigits = 8

/** Tells whether a value can be an exponent: rows of the table are edited by others. */
export const isExponent = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= mostDigits

/** Returns digits, such as those of a whole number, with a comma before each three: `1,234,567`. */
export const groupDigits = (digits: string): string => digits.replace(/\B(?=(\d{3})+$)/g, ',')

/**
 * Returns an amount such as `$1,234.50`, `¥1,235`, `-€9.99` or `KWD 1.234`.
 * @param amountMinor integer in the currency's minor unit, as Stripe sends it
 * @param code currency code in any case; empty where none is known
 */
export const formatAmount = (amountMinor: number, code: string, currency: Currency | null): string => {
  const exponent = currency?.exponent ?? usualExponent
  const digits = String(Math.abs(amountMinor)).padStart(exponent + 1, '0')
  const whole = groupDigits(digits.slice(0, digits.length - exponent))
  const fraction = exponent === 0 ? '' : `.${digits.slice(digits.length - exponent)}`
  const unit = currency?.symbol || (code === '' ? '' : `${code.toUpperCase()} `)
  return `${amountMinor < 0 ? '-' : ''}${unit}${whole}${fraction}`
}

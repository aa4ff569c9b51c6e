import { describe, expect, test } from 'vitest'
import { type Currency, formatAmount } from '../../src/core/money.ts'

const currency = (code: string, symbol: string | null, exponent: number): Currency => ({
  code,
  symbol,
  exponent,
})

const usd = currency('USD', '$', 2)
const eur = currency('EUR', '€', 2)
const jpy = currency('JPY', '¥', 0)
const kwd = currency('KWD', null, 3)
const isk = currency('ISK', null, 2)
const ugx = currency('UGX', null, 2)

describe('an amount', () => {
  test.each<[number, Currency, string]>([
    [123450, usd, '$1,234.50'],
    [999, eur, '€9.99'],
    [1235, jpy, '¥1,235'],
    [1234, kwd, 'KWD 1.234'],
    [5, kwd, 'KWD 0.005'],
    [50, kwd, 'KWD 0.050'],
    [0, kwd, 'KWD 0.000'],
    [1234567890, kwd, 'KWD 1,234,567.890'],
    // Stripe's API stays at two decimals for both, though neither has a minor unit any more.
    [500, isk, 'ISK 5.00'],
    [123400, ugx, 'UGX 1,234.00'],
    [0, usd, '$0.00'],
    [-0, usd, '$0.00'],
    [1, usd, '$0.01'],
    [-1, usd, '-$0.01'],
    [-999, eur, '-€9.99'],
    [-1235, jpy, '-¥1,235'],
    [-1234567, kwd, '-KWD 1,234.567'],
    [99, usd, '$0.99'],
    [100, usd, '$1.00'],
    [99999, usd, '$999.99'],
    [100000, usd, '$1,000.00'],
    [0, jpy, '¥0'],
    [999, jpy, '¥999'],
    [1000000, jpy, '¥1,000,000'],
    [999999999999, usd, '$9,999,999,999.99'],
    // The largest integer that a JSON number holds exactly: no digit is rounded.
    [9007199254740991, usd, '$90,071,992,547,409.91'],
    [-9007199254740991, jpy, '-¥9,007,199,254,740,991'],
    [9007199254740991, kwd, 'KWD 9,007,199,254,740.991'],
  ])('of %d in its minor unit reads as its currency asks', (amount, of, text) => {
    expect(formatAmount(amount, of.code.toLowerCase(), of)).toBe(text)
  })

  test('names the code and has two digits without a row', () => {
    expect(formatAmount(123456, 'xyz', null)).toBe('XYZ 1,234.56')
  })

  test('writes the code where an operator emptied the symbol', () => {
    expect(formatAmount(1235, 'jpy', currency('JPY', '', 0))).toBe('JPY 1,235')
  })

  test('stands alone where no currency is told', () => {
    expect(formatAmount(-100, '', null)).toBe('-1.00')
  })

  test('takes symbol and exponent from the row that an operator edited', () => {
    expect(formatAmount(123456, 'usd', currency('USD', 'US$', 4))).toBe('US$12.3456')
  })
})

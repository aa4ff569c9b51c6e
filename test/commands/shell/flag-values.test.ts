import { describe, expect, test } from 'vitest'
import { instantOf, rateOf, valuesOf } from '../../../src/commands/shell/flag-values.ts'

const now = new Date('2026-03-02T00:00:00Z')

describe('values of flags', () => {
  test('come one by one or in comma lists, trimmed', () => {
    expect(valuesOf('--id', ['a, b', 'c'])).toEqual(['a', 'b', 'c'])
    expect(valuesOf('--id')).toEqual([])
  })

  test('split where the separator says so alone', () => {
    expect(valuesOf('--type', ['{a,b}.c,d'], /,(?![^{]*\})/)).toEqual(['{a,b}.c', 'd'])
  })

  test('name the option where one is empty', () => {
    expect(() => valuesOf('--id', ['a,'])).toThrow(/--id: expected a value or a comma list/)
  })

  test('are dates, instants, or times ago', () => {
    expect(instantOf('--since', '2026-01-31', now)).toEqual(new Date('2026-01-31T00:00:00Z'))
    expect(instantOf('--since', '1d', now)).toEqual(new Date('2026-03-01T00:00:00Z'))
    expect(instantOf('--since', undefined, now)).toBeNull()
    expect(() => instantOf('--since', 'yesterday', now)).toThrow(
      /--since: expected a date .* got "yesterday"/,
    )
  })

  test('are rates that a timer can keep', () => {
    expect(rateOf('2.5', 'requests')).toBe(2.5)
    expect(rateOf(undefined, 'requests')).toBeNull()
    for (const text of ['0', '-1', 'fast', '0.0001', '1e3', '1000001', '9'.repeat(400)])
      expect(() => rateOf(text, 'requests')).toThrow(/--rate: expected requests a second/)
  })
})

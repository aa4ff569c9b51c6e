import { expect, test } from 'vitest'
import { leftOutText } from '../../src/ui/left-out-text.ts'

test('accounts that were left out are named with the command that asks for one', () => {
  expect(leftOutText([])).toBe('')
  expect(leftOutText(['acct_1']).replaceAll('\n', ' ')).toBe(
    '1 account left out, as cut off: acct_1. `billing-sync backfill --account acct_1` asks whether it is back.',
  )
})

test('of many accounts ten are named and the others counted', () => {
  const text = leftOutText(Array.from({ length: 1_234 }, (_, index) => `acct_${index}`))
  expect(text).toMatch(/^1,234 accounts left out/)
  expect(text.replaceAll('\n', ' ')).toContain('acct_9 and 1,224 more.')
})

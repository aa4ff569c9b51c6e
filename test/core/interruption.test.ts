import { expect, test } from 'vitest'
import { interruption } from '../../src/core/interruption.ts'

test('an interrupted account is told as one that did not come to its end, and is not tried again by itself', () => {
  expect(interruption('acct_1')).toMatchObject({
    code: 'account_incomplete',
    message: 'The backfill of acct_1 did not come to its end: it was interrupted',
    retryable: false,
  })
})

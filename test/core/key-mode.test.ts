import { expect, test } from 'vitest'
import { livemodeOfKey } from '../../src/core/key-mode.ts'

test.each([
  ['sk_live_1', true],
  ['rk_live_1', true],
  ['sk_test_1', false],
  ['rk_test_live_1', false],
  ['sk_org_live_1', true],
  ['sk_org_test_1', false],
  ['of_another_form', null],
  ['sk_livelong_1', null],
])('the key %s tells the mode %s', (key, livemode) => {
  expect(livemodeOfKey(key)).toBe(livemode)
})

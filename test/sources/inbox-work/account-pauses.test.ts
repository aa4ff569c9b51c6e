import { expect, test } from 'vitest'
import { AccountPauses } from '../../../src/sources/inbox-work/account-pauses.ts'

const always = (random: number) => () => random

test('an account that meets trouble rests ever longer, until a batch met none', () => {
  const pauses = new AccountPauses(always(0.5))
  const lengths = [1, 2, 3].map(() => pauses.rest('acct_1', 'stripe_unavailable'))
  expect(lengths).toEqual([...lengths].sort((one, other) => one - other))
  expect(new Set(lengths).size).toBe(3)
  expect([pauses.isResting('acct_1'), pauses.isResting('acct_2')]).toEqual([true, false])
  pauses.end('acct_1', ['row_1'])
  expect([pauses.isResting('acct_1'), pauses.codes()]).toEqual([false, []])
  expect(pauses.rest('acct_1', 'stripe_unavailable')).toBe(lengths[0])
})

test('some events of an account wait ever longer, whatever becomes of its others, until they went through', () => {
  const pauses = new AccountPauses(always(0.5))
  const first = pauses.putOff('acct_1', 'stripe_unavailable', ['row_1'])
  expect(pauses.isResting('acct_1')).toBe(false)
  pauses.end('acct_1', ['row_2', 'row_3'])
  expect(pauses.codes()).toEqual(['stripe_unavailable'])
  expect(pauses.putOff('acct_1', 'stripe_unavailable', ['row_1'])).toBeGreaterThan(first)
  pauses.end('acct_1', ['row_1', 'row_4'])
  expect(pauses.codes()).toEqual([])
  expect(pauses.putOff('acct_1', 'stripe_unavailable', ['row_1'])).toBe(first)
})

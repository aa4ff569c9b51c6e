import { expect, test } from 'vitest'
import { BillingSyncError } from '../../../src/errors.ts'
import { type AccountTally, BackfillTally } from '../../../src/sources/backfill/backfill-tally.ts'
import { runAccounts } from '../../../src/sources/backfill/run-accounts.ts'

const tallies = (count: number): readonly AccountTally[] => {
  const tally = new BackfillTally()
  return Array.from({ length: count }, (_, index) => tally.add(`acct_${index}`, ['customers']))
}

const never = new AbortController().signal

test('an account that fails is noted, and the others run', async () => {
  const accounts = tallies(3)
  const backfill = async ({ account }: AccountTally) => {
    if (account === 'acct_1') throw new BillingSyncError('account_disconnected', { account })
  }
  await runAccounts({ tallies: accounts, backfill, accountsAtOnce: 2, signal: never })
  expect(accounts.map(({ phase }) => phase)).toEqual(['done', 'failed', 'done'])
  expect(accounts[1]?.error?.code).toBe('account_disconnected')
})

test('trouble that passes for five in a row is everybody trouble', async () => {
  const accounts = tallies(8)
  const backfill = async () => {
    throw new BillingSyncError('stripe_unavailable')
  }
  await runAccounts({ tallies: accounts, backfill, accountsAtOnce: 1, signal: never })
  const codes = accounts.map(({ error }) => error?.code)
  expect(codes.slice(0, 5)).toEqual(Array(5).fill('stripe_unavailable'))
  expect(codes.slice(5)).toEqual(Array(3).fill('account_incomplete'))
})

test('once asked to stop no further account begins', async () => {
  const [accounts, stop] = [tallies(3), new AbortController()]
  const begun: string[] = []
  const backfill = async ({ account }: AccountTally) => {
    begun.push(account)
    stop.abort()
  }
  await runAccounts({ tallies: accounts, backfill, accountsAtOnce: 1, signal: stop.signal })
  expect(begun).toEqual(['acct_0'])
  expect(accounts[2]?.error?.code).toBe('account_incomplete')
})

test('what is no coded error is nothing that an account ends with', async () => {
  const backfill = async () => {
    throw new TypeError('a defect')
  }
  const running = runAccounts({ tallies: tallies(1), backfill, accountsAtOnce: 1, signal: never })
  await expect(running).rejects.toThrow('a defect')
})

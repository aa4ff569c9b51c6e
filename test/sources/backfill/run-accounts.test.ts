import { expect, test } from 'vitest'
import { BillingSyncError, type ErrorCode } from '../../../src/errors.ts'
import { type AccountTally, BackfillTally } from '../../../src/sources/backfill/backfill-tally.ts'
import { runAccounts } from '../../../src/sources/backfill/run-accounts.ts'

const tallies = (count: number): readonly AccountTally[] => {
  const tally = new BackfillTally()
  return Array.from({ length: count }, (_, index) => tally.add(`acct_${index}`, ['customers']))
}

const never = new AbortController().signal
const nobody = async () => false

/** Runs accounts one after another, each with what it ends with, and returns what each is told to have ended with. */
const endings = async (
  codes: readonly (ErrorCode | null)[],
  hasOwnToken: (account: string) => Promise<boolean> = nobody,
): Promise<readonly (ErrorCode | null)[]> => {
  const accounts = tallies(codes.length)
  const backfill = async (tally: AccountTally) => {
    const code = codes[accounts.indexOf(tally)] ?? null
    if (code !== null) throw new BillingSyncError(code)
  }
  await runAccounts({ tallies: accounts, backfill, hasOwnToken, accountsAtOnce: 1, signal: never })
  return accounts.map(({ error }) => error?.code ?? null)
}

test('an account that fails is noted, and the others run', async () => {
  const accounts = tallies(3)
  const backfill = async ({ account }: AccountTally) => {
    if (account === 'acct_1') throw new BillingSyncError('account_disconnected', { account })
  }
  await runAccounts({ tallies: accounts, backfill, hasOwnToken: nobody, accountsAtOnce: 2, signal: never })
  expect(accounts.map(({ phase }) => phase)).toEqual(['done', 'failed', 'done'])
  expect(accounts[1]?.error?.code).toBe('account_disconnected')
})

test('a fault of ours is the account’s that met it', async () => {
  const accounts = tallies(3)
  const backfill = async ({ account }: AccountTally) => {
    if (account === 'acct_1') throw new TypeError('of a damaged document')
  }
  await runAccounts({ tallies: accounts, backfill, hasOwnToken: nobody, accountsAtOnce: 1, signal: never })
  expect(accounts.map(({ phase }) => phase)).toEqual(['done', 'failed', 'done'])
  expect(accounts[1]?.error).toMatchObject({ code: 'handler_failed', details: { reason: 'TypeError' } })
})

test('what is thrown without a code once all are asked to stop tells of no account', async () => {
  const accounts = tallies(1)
  const asked = new AbortController()
  const closed = new TypeError('the connections are closed')
  const backfill = async () => {
    asked.abort()
    throw closed
  }
  const run = runAccounts({
    ...{ tallies: accounts, backfill, hasOwnToken: nobody },
    ...{ accountsAtOnce: 1, signal: asked.signal },
  })
  await expect(run).rejects.toBe(closed)
  expect(accounts[0]?.error).toBeNull()
})

test.each([
  'mongodb_unavailable',
  'stripe_unavailable',
  'stripe_rate_limited',
  'stripe_unauthorized',
] as const)('%s of five in a row is everybody trouble', async (code) => {
  expect(await endings(Array(8).fill(code))).toEqual([
    ...Array(5).fill(code),
    ...Array(3).fill('account_incomplete'),
  ])
})

test.each(['stripe_unauthorized', 'stripe_rate_limited'] as const)(
  '%s of accounts with their own tokens stops no other',
  async (code) => {
    const codes = [...Array(6).fill(code), null]
    expect(await endings(codes, async (account) => account !== 'acct_6')).toEqual(codes)
  },
)

test('Stripe being away is everybody trouble though each account has its own token', async () => {
  const codes = await endings(Array(6).fill('stripe_unavailable'), async () => true)
  expect(codes.at(-1)).toBe('account_incomplete')
})

test('accounts that are busy stop no other', async () => {
  const codes = [...Array(6).fill('account_busy'), null]
  expect(await endings(codes)).toEqual(codes)
})

test('an account that is busy does not tell that what the others meet is over', async () => {
  const away = 'mongodb_unavailable'
  const codes = await endings([away, away, away, 'account_busy', away, away, null])
  expect(codes.slice(5)).toEqual([away, 'account_incomplete'])
})

test('a key of which nobody can tell whose it is counts as that of everybody', async () => {
  const codes = await endings(Array(6).fill('stripe_unauthorized'), async () => {
    throw new BillingSyncError('mongodb_unavailable', { reason: 'away' })
  })
  expect(codes.at(-1)).toBe('account_incomplete')
})

test('once asked to stop no further account begins', async () => {
  const [accounts, stop] = [tallies(3), new AbortController()]
  const begun: string[] = []
  const backfill = async ({ account }: AccountTally) => {
    begun.push(account)
    stop.abort()
  }
  await runAccounts({
    tallies: accounts,
    backfill,
    hasOwnToken: nobody,
    accountsAtOnce: 1,
    signal: stop.signal,
  })
  expect(begun).toEqual(['acct_0'])
  expect(accounts[2]?.error?.code).toBe('account_incomplete')
})

import { expect, test } from 'vitest'
import { BackfillTally } from '../../src/sources/backfill/backfill-tally.ts'
import { viewOf } from '../../src/ui/backfill-progress.tsx'

test('a log line tells what was read, how fast, and accounts by state', () => {
  const tally = new BackfillTally()
  const [first] = [tally.add('acct_1', ['customers']), tally.add('acct_2', ['customers'])]
  first.begin()
  Object.assign(first.resources.get('customers') ?? {}, { read: 300 })
  expect(viewOf(tally).describe(20)).toEqual({
    text: 'backfilling, accounts running 1 · waiting 1 · done 0 · failed 0',
    fields: { read: 300, rate: 15 },
  })
})

test('a log line tells what accounts wait for, the same reason once', () => {
  const tally = new BackfillTally()
  for (const id of ['acct_1', 'acct_2', 'acct_3']) tally.add(id, ['customers']).begin()
  const [first, second, third] = tally.accounts
  for (const one of [first, second]) one?.listenerOf('customers').onWaiting('Stripe to answer')
  third?.listenerOf('customers').onWaiting("Stripe's limit (global-rate)")
  expect(viewOf(tally).describe(5).text).toBe(
    "backfilling, accounts running 3 · waiting 0 · done 0 · failed 0, waits for Stripe to answer, waits for Stripe's limit (global-rate)",
  )
})

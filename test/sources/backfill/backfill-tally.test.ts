import { expect, test } from 'vitest'
import { BillingSyncError } from '../../../src/errors.ts'
import { BackfillTally } from '../../../src/sources/backfill/backfill-tally.ts'

const drift = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    ...{ account: 'acct_1', collection: 'billing.charges', stripe_id: `ch_${index}`, fields: [] },
    kind: 'missing' as const,
  }))

test('the summary shows counts alone, and what went wrong by account', () => {
  const tally = new BackfillTally()
  const account = tally.add('acct_1', ['customers'])
  const listener = account.listenerOf('customers')
  listener.onRequest()
  listener.onRetry()
  listener.onLimited('global-rate')
  account.end(new BillingSyncError('account_disconnected', { account: 'acct_1' }))
  const counts = { read: 0, applied: 0, unchanged: 0, failed: 0, requests: 1, retries: 1, complete: false }
  expect(tally.summary(12.4)).toMatchObject({
    accounts: { acct_1: { customers: counts } },
    errors: { acct_1: { code: 'account_disconnected' } },
    duration_ms: 12,
  })
  expect(Object.keys(tally.summary(0).accounts.acct_1?.customers ?? {}).sort()).toEqual(
    Object.keys(counts).sort(),
  )
})

test('an account waits for what its requests wait for', () => {
  const account = new BackfillTally().add('acct_1', ['customers', 'charges'])
  account.listenerOf('charges').onWaiting('Stripe to answer')
  expect(account.waitingFor).toBe('Stripe to answer')
  account.listenerOf('charges').onWaiting(null)
  expect(account.waitingFor).toBeNull()
})

test('an object that failed fails its account, and the run', () => {
  const tally = new BackfillTally()
  const account = tally.add('acct_1', ['customers'])
  Object.assign(account.resources.get('customers') ?? {}, { failed: 1 })
  account.end(null)
  expect([account.phase, tally.hasFailures]).toEqual(['failed', true])
})

test('what failed before an interruption fails the account still, and is told', () => {
  const account = new BackfillTally().add('acct_1', ['customers'])
  account.countFailedBefore('customers', 0)
  expect(account.warnings).toEqual([])
  account.countFailedBefore('customers', 2)
  account.end(null)
  expect([account.phase, account.warnings.length]).toEqual(['failed', 1])
  expect(account.resources.get('customers')).toMatchObject({ read: 2, failed: 2 })
})

test('the first error of an account stays', () => {
  const account = new BackfillTally().add('acct_1', [])
  account.end(new BillingSyncError('account_disconnected', { account: 'acct_1' }))
  account.end(new BillingSyncError('stripe_unavailable'))
  expect(account.error?.code).toBe('account_disconnected')
})

test('drift beyond ten thousand objects is only counted', () => {
  const tally = new BackfillTally()
  tally.addDrift(drift(9_999), 0)
  tally.addDrift(drift(3), 4)
  expect(tally.drift).toHaveLength(10_000)
  expect(tally.summary(0)).toMatchObject({ drift_omitted: 6 })
})

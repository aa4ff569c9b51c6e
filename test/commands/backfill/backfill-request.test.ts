import { expect, test } from 'vitest'
import { type BackfillFlags, backfillRequestOf } from '../../../src/commands/backfill/backfill-request.ts'
import { resourceNames } from '../../../src/sources/backfill/resources.ts'

const now = new Date('2026-03-10T12:00:00Z')

const requestOf = (flags: Partial<BackfillFlags>) => backfillRequestOf({ effects: 'none', ...flags }, now)

test('all resources of the account are meant unless some are named', () => {
  expect(requestOf({ account: ['acct_1,acct_2', 'acct_1'] })).toEqual({
    ...{ accounts: ['acct_1', 'acct_2'], resources: resourceNames, namesResources: false, ids: [] },
    range: { since: null, until: null, typed: { since: null, until: null } },
    ...{ requestsPerSecond: null, restart: false, verify: false, effects: 'none' },
    ...{ dryRun: false, json: false },
  })
})

test('resources are begun in the order in which they depend on each other', () => {
  const { resources, namesResources } = requestOf({
    allAccounts: true,
    resource: ['charges,customers', 'charges'],
  })
  expect({ resources, namesResources }).toEqual({ resources: ['customers', 'charges'], namesResources: true })
})

test('a relative date is kept as typed and as what it means now', () => {
  expect(requestOf({ allAccounts: true, since: '2d' }).range).toEqual({
    ...{ since: new Date('2026-03-08T12:00:00Z'), until: null },
    typed: { since: '2d', until: null },
  })
})

test.each<[string, Partial<BackfillFlags>]>([
  ['give --account or --all-accounts, not both', { allAccounts: true, account: ['acct_1'] }],
  ['name an account with --account', {}],
  ['--account: expected an id', { account: ['shop'] }],
  ['--account: expected a value', { account: ['acct_1,'] }],
  ['--resource: expected customers, products', { allAccounts: true, resource: ['payouts'] }],
  ['--since: expected a date', { allAccounts: true, since: 'yesterday' }],
  ['--since must lie before --until', { allAccounts: true, since: '1d', until: '2d' }],
  ['--rate: expected requests a second', { allAccounts: true, rate: '0' }],
  ['--rate: expected requests a second', { allAccounts: true, rate: 'fast' }],
  ['--id needs the one --account', { allAccounts: true, id: ['ch_1'] }],
  ['--id needs the one --account', { account: ['acct_1', 'acct_2'], id: ['ch_1'] }],
  ['--id names single objects', { account: ['acct_1'], id: ['ch_1'], since: '1d' }],
  ['--id names single objects', { account: ['acct_1'], id: ['ch_1'], restart: true }],
  ['--restart changes a position', { account: ['acct_1'], restart: true, dryRun: true }],
])('%s is said of wrong flags', (message, flags) => {
  const refusal = expect.objectContaining({
    code: 'usage_invalid',
    message: expect.stringContaining(message),
  })
  expect(() => requestOf(flags)).toThrow(refusal)
})

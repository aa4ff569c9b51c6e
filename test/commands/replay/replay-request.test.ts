import { describe, expect, test } from 'vitest'
import { type ReplayFlags, replayRequestOf } from '../../../src/commands/replay/replay-request.ts'
import { BillingSyncError } from '../../../src/errors.ts'

const now = new Date('2026-06-15T12:00:00Z')
const request = (flags: Partial<ReplayFlags>, names: readonly string[] = ['a.json']) =>
  replayRequestOf(names, { effects: 'missing', ...flags }, now)

const refusal = (flags: Partial<ReplayFlags>, names?: readonly string[]): string => {
  try {
    request(flags, names)
  } catch (error) {
    if (error instanceof BillingSyncError && error.code === 'usage_invalid')
      return String(error.details.problem)
    throw error
  }
  return ''
}

describe('a request', () => {
  test('is the files, at full speed and with effects, where nothing else is said', () => {
    expect(request({})).toEqual({
      input: { kind: 'files', names: ['a.json'] },
      criteria: { types: [], ids: [], accounts: [], since: null, until: null },
      eventsPerSecond: null,
      effects: 'missing',
      dryRun: false,
      json: false,
    })
  })

  test('takes comma lists and repeated options alike, and leaves braces whole', () => {
    const { criteria } = request({
      type: ['charge.{succeeded,failed}, invoice.*', 'product.*'],
      id: ['evt_1,evt_2'],
      account: ['acct_1', ' acct_2 '],
    })
    expect(criteria).toMatchObject({
      types: ['charge.{succeeded,failed}', 'invoice.*', 'product.*'],
      ids: ['evt_1', 'evt_2'],
      accounts: ['acct_1', 'acct_2'],
    })
  })

  test('takes the platform whose id is unknown yet as an account', () => {
    expect(request({ account: ['platform'] }).criteria.accounts).toEqual(['platform'])
  })

  test('takes dates, instants and times ago as UTC', () => {
    expect(request({ since: '2026-01-31', until: '2026-02-01T10:00:00+02:00' }).criteria).toMatchObject({
      since: new Date('2026-01-31T00:00:00Z'),
      until: new Date('2026-02-01T08:00:00Z'),
    })
    expect(request({ since: '30d', until: '12h' }).criteria).toMatchObject({
      since: new Date('2026-05-16T12:00:00Z'),
      until: new Date('2026-06-15T00:00:00Z'),
    })
  })

  test('takes statuses of the inbox with --stored', () => {
    expect(request({ stored: true, status: ['dead,failed'] }, []).input).toEqual({
      kind: 'stored',
      statuses: ['dead', 'failed'],
    })
  })
})

describe('a request that cannot be met', () => {
  test.each<[string, Partial<ReplayFlags>, readonly string[], RegExp]>([
    ['nothing to read', {}, [], /--stored/],
    ['a status of files', { status: ['dead'] }, ['a.json'], /^--status/],
    ['files beside the inbox', { stored: true }, ['a.json'], /^--stored/],
    ['what is no event', { id: ['evt_1,foo'] }, ['a'], /^--id: .* evt_1AbC, got "foo"$/],
    ['a platform that Stripe does not know', { fromStripe: true, account: ['platform'] }, [], /^--account: /],
    ['what is no account', { account: ['acct-1'] }, ['a'], /^--account: .* acct_1AbC, got "acct-1"$/],
    ['an unknown status', { stored: true, status: ['gone'] }, [], /^--status.*"gone"/],
    ['an empty part of a list', { type: ['charge.*,'] }, ['a'], /^--type/],
    ['a glob that does not end', { type: ['charge.{succeeded,failed'] }, ['a'], /^--type.*"charge.{succ/],
    ['an endless glob', { type: ['x'.repeat(70_000)] }, ['a'], /^--type.*"x{60}…"$/],
    ['a file without a name', {}, ['a.json', ''], /name of a file.*empty/],
    ['an empty range', { since: '1d', until: '1d' }, ['a'], /^--since/],
    ['no date', { until: '2026-13-01' }, ['a'], /^--until.*"2026-13-01"/],
    ['a negative rate', { rate: '-1' }, ['a'], /^--rate.*"-1"/],
    ['a rate that no timer can hold', { rate: '0.0001' }, ['a'], /^--rate/],
    ['a rate in words', { rate: 'fast' }, ['a'], /^--rate.*"fast"/],
  ])('names its option: %s', (_, flags, names, named) => {
    expect(refusal(flags, names)).toMatch(named)
  })
})

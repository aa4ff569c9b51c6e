import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { BillingSyncError } from '../../src/errors.ts'
import { BackfillTally } from '../../src/sources/backfill/backfill-tally.ts'
import { type BackfillEnding, formatBackfill } from '../../src/ui/backfill-result.ts'

const ending: BackfillEnding = {
  ...{ durationMs: 2_000, dryRun: null, isAudit: false, interrupted: false, resumes: true, ofAll: false },
  ...{ ofIds: false, restarts: false },
}

const textOf = (tally: BackfillTally, end = ending): string =>
  stripVTControlCharacters(formatBackfill(tally, end))

/** A run of some accounts, each with so many customers; those named fail. */
const runOf = (accounts: readonly string[], failing: readonly string[] = []): BackfillTally => {
  const tally = new BackfillTally()
  for (const id of accounts) {
    const account = tally.add(id, ['customers'])
    account.begin()
    const counts = {
      read: 1_200,
      applied: 1_000,
      unchanged: 200,
      requests: 13,
      complete: !failing.includes(id),
    }
    Object.assign(account.resources.get('customers') ?? {}, counts)
    account.end(
      failing.includes(id)
        ? new BillingSyncError('account_incomplete', { account: id, reason: 'why' })
        : null,
    )
  }
  return tally
}

describe('what a person reads after a backfill', () => {
  test('is the result first: objects, seconds, rate and requests', () => {
    const [first, second, , header, row] = textOf(runOf(['acct_1'])).split('\n')
    expect(first).toBe('Read 1,200 objects of acct_1')
    expect(second).toBe('in 2.0 s, 600 a second, with 13 requests')
    expect(header).toMatch(/resource +read +applied +unchanged +failed +requests +complete/)
    expect(row).toMatch(/customers +1,200 +1,000 +200 +- +13 +yes/)
  })

  test('names accounts that failed before the others, and what to type next', () => {
    const ids = Array.from({ length: 30 }, (_, index) => `acct_${index}`)
    const text = textOf(runOf(ids, ['acct_29']))
    expect(text.indexOf('acct_29')).toBeLessThan(text.indexOf('acct_0\n'))
    expect(text).toContain('… and 10 more accounts; --json lists them')
    expect(text).toContain('account_incomplete (1)')
    expect(text.trimEnd().split('\n\n').at(-1)).toContain('run the same command again')
  })

  test('tells each cause once, however many accounts it kept from their end', () => {
    const ids = Array.from({ length: 30 }, (_, index) => `acct_${index}`)
    const tally = runOf(ids, ids.slice(0, 25))
    for (const id of ids.slice(25)) {
      const account = tally.add(id, ['customers'])
      account.end(new BillingSyncError('stripe_unauthorized'))
    }
    const text = textOf(tally)
    expect(text).toContain(`
  account_incomplete (25)
    The backfill of acct_0 did not come to its end: why
    The backfill of acct_1 did not come to its end: why
    The backfill of acct_2 did not come to its end: why
    and 22 more messages; --json lists them
  stripe_unauthorized (5)
`)
    expect(text).toContain('\n      acct_25, acct_26, acct_27 and 2 more\n')
  })

  test('tells why objects failed, and how many', () => {
    const tally = runOf(['acct_1'])
    const failure = {
      account: 'acct_1',
      collection: 'billing.charges',
      code: 'payload_unstorable',
      error: 'Deep',
    }
    for (let index = 0; index < 1_200; index += 1)
      tally.failures.add({ ...failure, stripe_id: `ch_${index}` })
    Object.assign(tally.accounts[0]?.resources.get('customers') ?? {}, { failed: 1_200 })
    tally.accounts[0]?.end(null)
    expect(textOf(tally)).toContain(`
  payload_unstorable (1,200)
    Deep
      acct_1 billing.charges (ch_0), acct_1 billing.charges (ch_1), acct_1
      billing.charges (ch_2) and 1,197 more

Mend what is named above`)
    const { failures = [], failures_omitted } = tally.summary(0)
    expect([failures.length, failures_omitted]).toEqual([1_000, 200])
  })

  test('tells once what the key may not read, and only of accounts that went on without', () => {
    const tally = runOf(['acct_1', 'acct_2', 'acct_3'], ['acct_3'])
    for (const { warnings } of tally.accounts) warnings.push('The key may not read this')
    expect(textOf(tally)).toContain('\n  The key may not read this\n    acct_1, acct_2\n')
  })

  test('fits 80 columns', () => {
    const run = runOf(['acct_1RzH8nCdYs3GkVf6', 'acct_2'], ['acct_2'])
    run.accounts[0]?.warnings.push(
      'the key may not read a thing whose name fills more than a line of the terminal',
    )
    for (const line of textOf(run).split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  })

  test('says that it goes on only where its position was kept', () => {
    const lastLine = (end: Partial<BackfillEnding>): string | undefined =>
      textOf(Object.assign(runOf(['acct_1'], ['acct_1']), { goesOn: true }), { ...ending, ...end })
        .trimEnd()
        .split('\n\n')
        .at(-1)
        ?.replaceAll('\n', ' ')
    expect(lastLine({})).toBe(
      'Mend what is named above, then run the same command again: it goes on where it stopped.',
    )
    expect(lastLine({ resumes: false })).toBe('Mend what is named above, then run the same command again.')
    expect(lastLine({ interrupted: true })).toBe(
      'For the rest run the same command again: it goes on where it stopped.',
    )
    expect(lastLine({ interrupted: true, restarts: true })).toBe(
      'For the rest run the same command without --restart: it goes on where it stopped.',
    )
    expect(lastLine({ restarts: true })).toBe(
      'Mend what is named above, then run the same command without --restart: it goes on where it stopped.',
    )
    const dryRun = { changes: [], changes_omitted: 0 }
    expect(lastLine({ dryRun, resumes: false })).toContain('Mend what is named above')
  })

  test('says of a restart that never began, or is over, only to give it again', () => {
    const tally = runOf(['acct_1'], ['acct_1'])
    for (const [interrupted, first] of [
      [true, 'For the rest'],
      [false, 'Mend what is named above, then'],
    ] as const)
      expect(textOf(tally, { ...ending, interrupted, restarts: true })).toContain(
        `\n\n${first} run the same command again.\n`,
      )
  })

  test('says where no connected account is known', () => {
    expect(textOf(runOf(['acct_1']), { ...ending, ofAll: true })).toContain('Only the platform')
    expect(textOf(runOf(['acct_1', 'acct_2']), { ...ending, ofAll: true })).not.toContain('Only the platform')
  })

  test('tells of single objects what was asked for, and of no list that it is complete', () => {
    const tally = new BackfillTally()
    const account = tally.add('acct_1', ['charges', 'products', 'refunds'])
    account.begin()
    Object.assign(account.resources.get('charges') ?? {}, { read: 1, failed: 1, requests: 1 })
    account.end(new BillingSyncError('object_missing', { account: 'acct_1', ids: 'ch_1' }))
    const [first, second, , header, row, next] = textOf(tally, { ...ending, ofIds: true }).split('\n')
    expect(first).toBe('Asked for 1 object of acct_1')
    expect(second).toMatch(/with 1 request$/)
    expect(header).toMatch(/^ {2}resource +asked for +applied +unchanged +failed +requests$/)
    expect(row).toMatch(/^ {2}charges +1 +- +- +1 +1$/)
    expect(next).toBe('')
  })

  test('says of a dry run how to do it only where something would change', () => {
    const textWith = (omitted: number) =>
      textOf(runOf(['acct_1']), { ...ending, dryRun: { changes: [], changes_omitted: omitted } })
    expect(textWith(1)).toContain('without --dry-run')
    expect(textWith(0)).toContain('No document would change.')
    expect(textWith(0)).not.toContain('without --dry-run')
  })

  test('says of an audit without drift that both sides agree', () => {
    const tally = runOf(['acct_1'])
    expect(textOf(tally, { ...ending, isAudit: true })).toContain('The mirror and Stripe agree.')
    tally.accounts[0]?.warnings.push('The key may not read something')
    expect(textOf(tally, { ...ending, isAudit: true })).toContain('agree in what was compared.')
  })
})

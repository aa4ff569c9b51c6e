import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { BillingSyncError } from '../../src/errors.ts'
import { BackfillTally } from '../../src/sources/backfill/backfill-tally.ts'
import { type BackfillEnding, formatBackfill } from '../../src/ui/backfill-result.ts'

const ending: BackfillEnding = {
  ...{ durationMs: 2_000, dryRun: null, isAudit: false, interrupted: false, resumes: true, ofAll: false },
  ofIds: false,
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
    expect(text).toContain('account_incomplete: ')
    expect(text.trimEnd().split('\n\n').at(-1)).toContain('run the same command again')
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
      textOf(runOf(['acct_1'], ['acct_1']), { ...ending, ...end })
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
    const dryRun = { changes: [], changes_omitted: 0 }
    expect(lastLine({ dryRun, resumes: false })).toContain('Mend what is named above')
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
    expect(textOf(runOf(['acct_1']), { ...ending, isAudit: true })).toContain('The mirror and Stripe agree.')
  })
})

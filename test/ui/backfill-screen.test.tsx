import { describe, expect, test } from 'vitest'
import { BillingSyncError } from '../../src/errors.ts'
import { type AccountTally, BackfillTally } from '../../src/sources/backfill/backfill-tally.ts'
import { resourceNames } from '../../src/sources/backfill/resources.ts'
import { BackfillScreen } from '../../src/ui/backfill-screen.tsx'
import { drawnLines } from '../support/drawn-lines.ts'

const name = (number: number): string => `acct_1RzH8nCdYs3GkV${String(number).padStart(2, '0')}`

/** Accounts of which eight are under way, five done, two failed, and the others wait. */
const busy = (count = 40): BackfillTally => {
  const tally = new BackfillTally()
  const accounts = Array.from({ length: count }, (_, index) => tally.add(name(index), resourceNames))
  for (const account of accounts.slice(0, 15)) begin(account)
  for (const account of accounts.slice(0, 5)) account.end(null)
  for (const account of accounts.slice(5, 7)) account.end(revoked(account))
  return tally
}

const begin = (account: AccountTally): void => {
  account.begin()
  for (const count of account.resources.values()) Object.assign(count, { read: 12_345, remaining: 12_345 })
}

const revoked = ({ account }: AccountTally) => new BillingSyncError('account_disconnected', { account })

/** The lines of the screen on a terminal of a size. */
const linesOn = (columns: number, rows: number, tally = busy()): readonly string[] => {
  const now = performance.now() + 30_000
  return drawnLines(<BackfillScreen tally={tally} now={now} columns={columns} rows={rows} />, {
    columns,
    rows,
  })
}

describe('the screen of a backfill', () => {
  test.each([
    [80, 24],
    [200, 50],
  ])('fits a terminal of %i by %i and shows every state', (columns, rows) => {
    const lines = linesOn(columns, rows)
    expect(lines.length).toBeLessThan(rows)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns)
    expect(lines[1]).toBe('running 8 · waiting 25 · done 5 · failed 2')
    for (const mark of ['▸', '·', '✓', '✗']) expect(lines.some((line) => line.startsWith(mark))).toBe(true)
  })

  test('names every account under way, the others as far as there is room', () => {
    const lines = linesOn(80, 24)
    for (let number = 7; number < 15; number += 1)
      expect(lines.filter((line) => line.startsWith(`▸ ${name(number)}`))).toHaveLength(1)
    expect(lines).toContain('  … and 23 more waiting')
    expect(lines.find((line) => line.startsWith('✗'))).toContain('account_disconnected')
  })

  test('shows an account by its resources where there is room', () => {
    const tally = new BackfillTally()
    const only = tally.add(name(0), resourceNames)
    begin(only)
    const lines = linesOn(80, 24, tally)
    for (const resource of resourceNames)
      expect(lines.find((line) => line.startsWith(`  ${resource}`))).toMatch(
        /█{10}░{10} +12,345 +\d+\/s +\d+ s left$/,
      )
  })

  test.each([
    ['by its resources', 24],
    ['in one line', 8],
  ])('tells what an account waits for, and no time that is left, %s', (_, rows) => {
    const tally = new BackfillTally()
    const only = tally.add(name(0), resourceNames)
    begin(only)
    expect(linesOn(80, rows, tally).join('\n')).toMatch(/ left$/m)
    only.listenerOf('charges').onWaiting("Stripe's limit (endpoint-rate)")
    const waiting = linesOn(80, rows, tally)
    expect(waiting[2]).toContain("waits for Stripe's lim")
    expect(waiting.join('\n')).not.toMatch(/ left$/m)
    only.listenerOf('charges').onWaiting(null)
    expect(linesOn(80, rows, tally).join('\n')).toMatch(/ left$/m)
  })

  test('says how many more are under way than fit', () => {
    const lines = linesOn(80, 10)
    expect(lines.length).toBeLessThan(10)
    expect(lines.find((line) => line.includes('more running'))).toMatch(/^ {2}… and \d+ more running$/)
  })

  test.each([8, 5, 3, 2])('leaves one of %i rows free, whatever the accounts do', (rows) => {
    const lines = linesOn(30, rows)
    expect(lines).toHaveLength(rows - 1)
    expect(lines[0]).toContain('objects')
  })
})

import { describe, expect, test } from 'vitest'
import { ReplayTally } from '../../src/sources/replay-tally.ts'
import { ReplayScreen } from '../../src/ui/replay-screen.tsx'
import { drawnLines } from '../support/drawn-lines.ts'

/** A replay that has read a quarter of its input. */
const quarter = (): ReplayTally => {
  const tally = new ReplayTally()
  Object.assign(tally, { inputRead: 250, inputExpected: 1_000 })
  Object.assign(tally.counts, { applied: 1_200_000, unchanged: 30_000, stale: 4_000, ignored: 567 })
  return tally
}

const linesOn = (tally: ReplayTally, columns = 80, rows = 24) =>
  drawnLines(<ReplayScreen tally={tally} elapsedMs={60_000} rows={rows} />, { columns, rows })

/** The same with failures, waiting. */
const troubled = (): ReplayTally => {
  const tally = Object.assign(quarter(), { waitingFor: "Stripe's limit (endpoint-rate)" })
  tally.counts.failed = 89
  return tally
}

describe('the screen of a replay', () => {
  test.each([80, 200])('fits a terminal of %i columns with all that it tells', (columns) => {
    const lines = linesOn(troubled(), columns)
    expect(lines).toHaveLength(4)
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns)
  })

  test('cuts what a narrow terminal has no room for', () => {
    const lines = linesOn(troubled(), 19)
    expect(lines).toHaveLength(4)
    for (const line of lines) expect(line).toMatch(/^.{18}…$/)
  })

  test.each([4, 3, 2])('leaves one of %i rows free', (rows) => {
    const lines = linesOn(troubled(), 80, rows)
    expect(lines).toHaveLength(rows - 1)
    expect(lines[0]).toContain('25 %')
  })

  test('tells how far it is, how fast, what remains, and what came of the events', () => {
    expect(linesOn(quarter())).toEqual([
      `${'█'.repeat(8)}${'░'.repeat(22)} 25 %  1,234,567 events, 20,576/s, 3 min left`,
      'applied 1,200,000 · unchanged 30,000 · stale 4,000 · ignored 567',
    ])
  })

  test('promises no end while it waits', () => {
    const tally = Object.assign(quarter(), { waitingFor: 'MongoDB does not answer' })
    expect(linesOn(tally)[0]).toBe(`${'█'.repeat(8)}${'░'.repeat(22)} 25 %  1,234,567 events, 20,576/s`)
  })

  test('promises no end where it does not know how much there is', () => {
    const tally = Object.assign(quarter(), { inputExpected: 0 })
    expect(linesOn(tally)[0]).toBe('1,234,567 events, 20,576/s')
  })

  test('tells failures and what it waits for, while there are any', () => {
    const tally = Object.assign(quarter(), { waitingFor: 'MongoDB does not answer' })
    Object.assign(tally.counts, { failed: 2_000, invalid: 3 })
    expect(linesOn(tally).slice(-2)).toEqual(['failed or invalid 2,003', 'waiting: MongoDB does not answer'])
  })
})

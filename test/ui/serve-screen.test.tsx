import { describe, expect, test } from 'vitest'
import { ServeScreen } from '../../src/ui/serve-screen.tsx'
import { ServeTally } from '../../src/watch/serve-tally.ts'
import { drawnLines } from '../support/drawn-lines.ts'

const busy = (): ServeTally => {
  const tally = new ServeTally()
  for (let number = 0; number < 60; number += 1)
    tally.onOutcome({
      account: `acct_1RzH8nCdYs3GkV${number}`,
      eventId: `evt_1RzH8nCdYs3GkVf6CgckVUd${number}`,
      type: 'customer.subscription.pending_update_applied',
      outcome: number % 3 === 0 ? 'failed' : 'applied',
      code: number % 3 === 0 ? 'payload_unstorable' : null,
      ms: 20,
      lagMs: 1_234,
    })
  for (const refusal of [
    'signature_mismatch',
    'signature_stale',
    'backlog_full',
    'mongodb_unavailable',
  ] as const)
    tally.onRefused({ refusal, event: null, ms: 1 })
  tally.onDelivered({ sink: 'queue', account: 'acct_1' }, 1_000_000)
  return tally
}

const state = {
  url: 'http://127.0.0.1:4242',
  role: 'all',
  problem: null,
  degraded: ['stripe_unauthorized', 'redis_unavailable'],
  waiting: 999_999,
  oldestSeconds: 86_400,
  clients: 12,
}

/** The lines of the screen on a terminal of a size. */
const linesOn = (columns: number, rows: number, tally = busy()): readonly string[] =>
  drawnLines(
    <ServeScreen tally={tally} state={state} elapsedMs={3_600_000} columns={columns} rows={rows} />,
    { columns, rows },
  )

describe('the dashboard', () => {
  test.each([
    [80, 24],
    [200, 50],
    [120, 30],
  ])('fits a terminal of %i by %i when all is busy', (columns, rows) => {
    const lines = linesOn(columns, rows)
    expect(lines.length).toBeLessThan(rows)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns)
    for (const text of [
      '999,999 waiting',
      'degraded: stripe_unauthorized',
      'payload_unstorable',
      'Last events',
    ])
      expect(lines.join('\n')).toContain(text)
  })

  test('shows the codes of the last events whole on 80 columns', () => {
    const last = linesOn(80, 24).slice(linesOn(80, 24).indexOf('Last events') + 1)
    const failed = last.filter((line) => line.includes('failed'))
    expect(failed.length).toBeGreaterThan(1)
    for (const line of failed) expect(line).toMatch(/acct_1RzH8nCdYs3GkV\d+ +payload_unstorable$/)
  })

  test.each([
    [80, 14],
    [80, 12],
    [80, 8],
    [80, 7],
    [80, 3],
    [80, 2],
    [10, 24],
  ])('fits a terminal of %i by %i, with less', (columns, rows) => {
    const lines = linesOn(columns, rows)
    expect(lines.length).toBeLessThan(rows)
    expect(lines[0]).toContain('billing-s')
  })

  test('uses what a larger terminal has for more events and their ids', () => {
    const [small, large] = [linesOn(80, 24), linesOn(200, 50)]
    expect(large.length).toBeGreaterThan(small.length + 20)
    expect(large.join('\n')).toContain('evt_1RzH8nCdYs3GkVf6CgckVUd59')
  })

  test('cuts no type of event without showing it, and none where there is room', () => {
    expect(linesOn(80, 24).join('\n')).toContain('customer.subscription.pending_… acct_1R')
    expect(linesOn(200, 50).join('\n')).toContain('customer.subscription.pending_update_applied acct_1R')
  })

  test('shows nothing of a type of event that a terminal would obey', () => {
    const tally = new ServeTally()
    const handled = {
      account: 'acct_1',
      eventId: 'evt_1',
      outcome: 'ignored',
      code: null,
      ms: 1,
      lagMs: 1,
    } as const
    tally.onOutcome({ ...handled, type: 'x\u009b2J\u001b[31m\u202ey' })
    expect(linesOn(80, 24, tally).join('\n')).toContain('x?2J?[31m?y')
  })

  test('says so where nothing has come yet', () => {
    expect(linesOn(80, 24, new ServeTally()).join('\n')).toContain('none yet')
  })
})

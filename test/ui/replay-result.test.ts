import { beforeAll, describe, expect, test } from 'vitest'
import type { NoticeDraft } from '../../src/core/notice.ts'
import { ReplayTally } from '../../src/sources/replay-tally.ts'
import { decideColour } from '../../src/ui/colour.ts'
import { formatReplay, type ReplayDetails } from '../../src/ui/replay-result.ts'

// Whoever runs the tests may have them coloured.
beforeAll(() => decideColour({ isTTY: false } as NodeJS.WriteStream)) // all that is looked at

const notice = (kind: NoticeDraft['kind'], collection: string): NoticeDraft => ({
  kind,
  collection,
  stripe_id: null,
  event_id: null,
})

const format = (tally: ReplayTally, details: Partial<ReplayDetails> = {}): string =>
  formatReplay(tally.summary(2_000), {
    ...tally,
    ...{ derived: tally.derived, interrupted: false, dryRun: null, input: 'files', ...details },
  })

const failing = (
  tally: ReplayTally,
  failures: readonly (readonly [string, string, string])[],
): ReplayTally => {
  for (const [source, code, error] of failures)
    tally.fail({ source, event_id: null, type: null, code, error })
  return tally
}

const dropThree = (tally: ReplayTally): void => {
  tally.filtered = 3
}

describe('the result of a replay', () => {
  test('tells outcomes and collections, those that there were', () => {
    const tally = new ReplayTally()
    for (let count = 0; count < 1_500; count += 1) tally.count('applied')
    tally.count('stale')
    tally.countNotices([
      notice('charge.created', 'billing.charges'),
      notice('charge.updated', 'billing.charges'),
      notice('customer.deleted', 'billing.customers'),
    ])
    expect(format(tally)).toBe(`Replayed 1,501 events in 2.0 s, 751 a second

  applied       1,500   changed at least one document
  stale             1   older than what is stored

  collection                  created  updated  deleted
  billing.charges                   1        1        -
  billing.customers                 -        -        1
`)
  })

  test('tells each cause once, the most frequent first, and where it was met', () => {
    const lines = (from: number, to: number) =>
      Array.from(
        { length: to - from },
        (_, index) => [`a.json:${from + index}`, 'event_invalid', 'No event'] as const,
      )
    const tally = failing(new ReplayTally(), [
      ['missing.json', 'input_unreadable', 'missing.json cannot be read: there is no such file'],
      ...lines(1, 6),
      ['b.json:1', 'event_invalid', 'No \u001b[31mJSON'],
    ])
    expect(format(tally)).toContain(`
  event_invalid (6)
    No event
      a.json:1, a.json:2, a.json:3 and 2 more
    No ?[31mJSON
      b.json:1
  input_unreadable (1)
    missing.json cannot be read: there is no such file

Mend this, then run the same command again: what is done stays done.
`)
  })

  test('counts failures that are not listed any more', () => {
    const many = Array.from({ length: 1_200 }, () => ['a.json:1', 'event_invalid', 'No event'] as const)
    expect(format(failing(new ReplayTally(), many))).toContain(
      'event_invalid (1,200)\n    No event\n      a.json:1, a.json:1, a.json:1 and 1,197 more\n',
    )
    const others = Array.from(
      { length: 1_200 },
      (_, index) => ['a:1', 'event_invalid', `E${index % 2}`] as const,
    )
    expect(format(failing(new ReplayTally(), others))).toContain('\n    and 200 more that are not listed\n')
  })

  test('shows eight causes and three messages of each', () => {
    const causes = Array.from({ length: 10 }, (_, index) => [`a:${index}`, `code_${index}`, 'E'] as const)
    const messages = Array.from(
      { length: 5 },
      (_, index) => [`b:${index}`, 'event_invalid', `E${index}`] as const,
    )
    const text = format(failing(new ReplayTally(), [...causes, ...messages]))
    expect(text).toContain('and 3 more causes')
    expect(text).toContain('and 2 more messages; --json lists them')
  })

  test.each<[string, (tally: ReplayTally) => void, Partial<ReplayDetails>, string]>([
    [
      'failed events',
      (tally) => failing(tally, [['a:1', 'object_invalid', 'E']]),
      {},
      'billing-sync replay --stored --status pending,failed,dead',
    ],
    ['a conflict', (tally) => failing(tally, [['a:1', 'event_conflict', 'E']]), {}, 'Mend this'],
    ['parked events', (tally) => tally.count('parked'), {}, 'billing-sync replay --stored --status parked'],
    [
      'a signal',
      (tally) => tally.count('applied'),
      { interrupted: true },
      'Run the same command again for the rest',
    ],
    [
      'a dry run',
      (tally) => tally.count('applied'),
      { dryRun: { changes: [], changes_omitted: 1 } },
      'without --dry-run',
    ],
    ['filters', dropThree, {}, 'left out by the filters'],
    ['no input', () => undefined, {}, 'No event was found.\n'],
    ['empty directories', () => undefined, { input: 'directories' }, 'In directories, *.json'],
    ['an inbox without such events', () => undefined, { input: 'stored' }, 'The inbox holds no event'],
    ['a list without such events', () => undefined, { input: 'listed' }, 'Stripe lists no event'],
    [
      'new mappings',
      (tally) => tally.countDerived([notice('contact.updated', 'crm.contacts')]),
      {},
      'New mappings of the config changed 1 contact.',
    ],
    [
      'new mappings in a dry run',
      (tally) => tally.countDerived([notice('contact.updated', 'crm.contacts')]),
      { dryRun: { changes: [], changes_omitted: 0 } },
      'New mappings of the config would change 1 contact.',
    ],
  ])('says what to do next after %s', (_, happen, details, said) => {
    const tally = new ReplayTally()
    happen(tally)
    const text = format(tally, details)
    expect(text).toContain(said)
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
  })
})

test('a dry run that would change nothing says so once, and asks for no other run', () => {
  const tally = new ReplayTally()
  tally.count('unchanged')
  tally.count('parked')
  const text = format(tally, { dryRun: { changes: [], changes_omitted: 0 } })
  expect(text).toContain('No document would change.')
  expect(text).not.toMatch(/No document changed|without --dry-run|--status parked/)
})

test('a failure is wrapped to 80 columns', () => {
  const tally = failing(new ReplayTally(), [['a.json:1', 'event_invalid', 'many words '.repeat(30).trim()]])
  const lines = format(tally).split('\n')
  expect(lines.filter((line) => line.length > 80)).toEqual([])
  expect(lines.filter((line) => line.startsWith('    many words')).length).toBeGreaterThan(3)
})

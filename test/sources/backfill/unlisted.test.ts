import { describe, expect, test } from 'vitest'
import { readClocks } from '../../../src/clocks.ts'
import type { StoredOutline } from '../../../src/core/stored-outline.ts'
import { SeenIds } from '../../../src/sources/backfill/seen-ids.ts'
import {
  type Beginning,
  beginningAt,
  findUnlisted,
  isTooMuchGone,
} from '../../../src/sources/backfill/unlisted.ts'
import { StripeClock } from '../../../src/sources/stripe/stripe-clock.ts'

const startedAt = new Date('2026-01-01T12:00:00Z')
const before = new Date('2026-01-01T11:00:00Z')
const after = new Date('2026-01-01T12:00:01Z')
const long = new Date('2026-01-01T10:00:00Z')

/** Of a walk that an earlier process began. */
const begun: Beginning = {
  machine: new Date('2026-01-01T10:30:00Z'),
  stripe: new Date('2026-01-01T10:25:00Z'),
}

const outline = (id: string, told: Partial<StoredOutline> = {}): StoredOutline => ({
  ...{ id, firstWrittenAt: before, writtenAt: before, asOf: before, isDeleted: false, isOnTestClock: false },
  ...told,
})

const found = async (
  stored: readonly StoredOutline[],
  listed: readonly string[],
  continuedFrom: Beginning | null = null,
) => {
  const seen = new SeenIds()
  for (const id of listed) seen.add(id)
  const eachStored = async (take: (stored: StoredOutline) => void) => {
    for (const one of stored) take(one)
  }
  const { objects, listedTombstones, ...counts } = await findUnlisted({
    ...{ seen, startedAt, continuedFrom, eachStored },
  })
  return { ids: objects.map(({ id }) => id), tombstones: listedTombstones.map(({ id }) => id), ...counts }
}

describe('stored objects that a list did not show', () => {
  test('are told from those that it showed', async () => {
    expect(await found([outline('a'), outline('b')], ['b', 'c'])).toEqual({
      ...{ ids: ['a'], tombstones: [], count: 1, stored: 2, stillThere: 1 },
    })
  })

  test('are none where they were first written since the walk began', async () => {
    const brought = outline('a', { firstWrittenAt: after, writtenAt: after })
    expect(await found([brought], [])).toMatchObject({ ids: [], count: 0, stored: 1 })
    const inheriting = outline('a', { writtenAt: after })
    expect(await found([inheriting], [])).toMatchObject({ ids: ['a'], count: 1, stored: 1 })
  })

  test('are only those that were not written since an earlier process began the walk', async () => {
    const stored = [outline('seen'), outline('a', { firstWrittenAt: long, writtenAt: long })]
    expect(await found(stored, [], begun)).toMatchObject({ ids: ['a'], count: 1, stillThere: 0 })
  })

  test('are also those that were written since then and not told of', async () => {
    const stored = [outline('seen'), outline('inherits', { asOf: long }), outline('untold', { asOf: null })]
    expect(await found(stored, [], begun)).toMatchObject({ ids: ['inherits', 'untold'], count: 2 })
  })

  test.each([0, 3_600, -3_600])('are told by a Stripe whose clock is %d s ahead as well', async (aheadS) => {
    const clock = new StripeClock(readClocks)
    const stripeNow = (): number => Date.now() + aheadS * 1000
    clock.secondOf(clock.sending(), new Date(stripeNow()).toUTCString())
    const machine = new Date(Date.now() - 60_000)
    const writtenAt = new Date(machine.getTime() + 1_000)
    const seen = outline('seen', { writtenAt, asOf: new Date(stripeNow() - 60_000) })
    const inheriting = outline('inherits', { writtenAt, asOf: new Date(stripeNow() - 600_000) })
    const told = await found([seen, inheriting], [], beginningAt(machine, clock))
    expect(told).toMatchObject({ ids: ['inherits'], count: 1 })
  })

  test('are none where they are tombstones or on a test clock', async () => {
    const hidden = [outline('a', { isDeleted: true }), outline('b', { isOnTestClock: true })]
    expect(await found(hidden, [])).toMatchObject({ ids: [], count: 0, stored: 0, tombstones: [] })
  })

  test('are told apart from tombstones that it showed', async () => {
    const lifted = outline('a', { isDeleted: true, writtenAt: after })
    expect(await found([lifted], ['a'])).toMatchObject({ tombstones: ['a'], stored: 0 })
  })

  test('do not vouch for the list by what it brought in itself', async () => {
    const brought = outline('a', { firstWrittenAt: after, writtenAt: after })
    expect(await found([brought, outline('b')], ['a'])).toMatchObject({ stillThere: 0, count: 1 })
  })

  test.each([
    [20, 20, false],
    [21, 21, true],
    [21, 420, false],
    [22, 420, true],
    [0, 0, false],
  ])('are %d of %d too many to be believed: %s', (count, stored, isTooMany) => {
    expect(isTooMuchGone({ count, stored })).toBe(isTooMany)
  })
})

import { describe, expect, test } from 'vitest'
import type { Difference } from '../../../src/core/drift.ts'
import { BillingSyncError } from '../../../src/errors.ts'
import { type ReadResult, readKey } from '../../../src/ports/pipeline-store.ts'
import {
  type Confirming,
  confirmDrift,
  type Suspect,
  unlistedSuspect,
} from '../../../src/sources/backfill/confirm-drift.ts'
import { observed } from '../../support/observed.ts'

const writtenAt = new Date('2026-01-01T00:00:00Z')

const difference = (told: Partial<Difference> = {}): Difference => ({
  ...{ kind: 'charge', id: 'ch_1', drift: 'different', fields: ['amount'], writtenAt, shows: 'a' },
  ...told,
})

const suspect = (told: Partial<Difference> = {}): Suspect => {
  const found = difference(told)
  return { kind: found.kind, id: found.id, found, isGone: false }
}

const seen: ReadResult = { kind: 'seen', observations: [observed({ at: 1 })] }

/** Confirms with looks that answer one after the other what is given; the last one ever after. */
const confirm = async (
  suspects: readonly Suspect[],
  looks: readonly { readonly read?: ReadResult; readonly differences: readonly Difference[] }[],
) => {
  let [settled, looked] = [0, 0]
  const look = () => looks[Math.min(looked, looks.length) - 1] ?? { differences: [] }
  const confirming: Confirming = {
    account: 'acct_1',
    readSingly: async (objects) => {
      looked += 1
      return new Map(objects.map((object) => [readKey(object), look().read ?? seen]))
    },
    compare: async () => look().differences,
    gone: (kind, id) => observed({ at: 1, kind, id, content: null, deletes: true }),
    settle: async () => {
      settled += 1
    },
  }
  return { confirmed: await confirmDrift(suspects, confirming), settled, looked }
}

const named = { kind: 'charge', id: 'ch_1', drift: 'different', fields: ['amount'] }

describe('a difference', () => {
  test('is confirmed by a second look that sees the same', async () => {
    expect(await confirm([suspect()], [{ differences: [difference()] }])).toEqual({
      ...{ confirmed: [named], settled: 1, looked: 1 },
    })
  })

  test('is dropped when the second look sees none', async () => {
    expect((await confirm([suspect()], [{ differences: [] }])).confirmed).toEqual([])
  })

  test.each<[string, Partial<Difference>]>([
    ['the document was written', { writtenAt: new Date(1) }],
    ['Stripe shows another state', { shows: 'b' }],
    ['other fields differ', { fields: ['status'] }],
  ])('is looked at a third time where %s in between', async (_, moved) => {
    const looks = [{ differences: [difference(moved)] }, { differences: [] }]
    expect(await confirm([suspect()], looks)).toEqual({ confirmed: [], settled: 2, looked: 2 })
  })

  test('that is another at every look is left for another day', async () => {
    const looks = ['b', 'c', 'd', 'e', 'f'].map((shows) => ({ differences: [difference({ shows })] }))
    expect(await confirm([suspect()], looks)).toEqual({ confirmed: [], settled: 4, looked: 4 })
  })

  test('stays as the list showed it where the key may not retrieve the object', async () => {
    const refused: ReadResult = { kind: 'refused', failure: { code: 'stripe_refused', message: 'no' } }
    expect((await confirm([suspect()], [{ read: refused, differences: [] }])).confirmed).toEqual([named])
  })
})

describe('an object that its list did not show', () => {
  const unlisted = unlistedSuspect('charge', {
    ...{ id: 'ch_1', firstWrittenAt: writtenAt, writtenAt, asOf: writtenAt },
    ...{ isDeleted: false, isOnTestClock: false },
  })
  const deleted = difference({ fields: ['deleted'], shows: unlisted.found.shows })

  test('is extra once a retrieve finds it gone as well', async () => {
    const { confirmed } = await confirm([unlisted], [{ read: { kind: 'missing' }, differences: [deleted] }])
    expect(confirmed).toEqual([{ kind: 'charge', id: 'ch_1', drift: 'extra', fields: [] }])
  })

  test('is none where a retrieve shows it, or may not', async () => {
    expect((await confirm([unlisted], [{ differences: [] }])).confirmed).toEqual([])
    const refused: ReadResult = { kind: 'refused', failure: { code: 'stripe_refused', message: 'no' } }
    expect((await confirm([unlisted], [{ read: refused, differences: [] }])).confirmed).toEqual([])
  })
})

describe('trouble with Stripe', () => {
  test.each<[ReadResult, string]>([
    [{ kind: 'waiting', failure: { code: 'stripe_unavailable', message: 'away' } }, 'stripe_unavailable'],
    [{ kind: 'disconnected', unixSeconds: 1 }, 'account_disconnected'],
  ])('of kind %j ends the audit as %s', async (read, code) => {
    const thrown = await confirm([suspect()], [{ read, differences: [] }]).catch((error: unknown) => error)
    expect(thrown).toBeInstanceOf(BillingSyncError)
    expect(thrown).toMatchObject({ code })
  })
})

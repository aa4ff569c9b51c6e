import { beforeAll, describe, expect, test } from 'vitest'
import type { StoredOutline } from '../../src/core/stored-outline.ts'
import { ensureCollections } from '../../src/store/collections.ts'
import {
  eachStoredOutline,
  isAnyStored,
  newestStored,
  type OutlineQuery,
} from '../../src/store/stored-objects.ts'
import { openTestDatabase } from '../support/database.ts'

const { db } = await openTestDatabase()
const firstWrittenAt = new Date('2026-01-02T03:04:05Z')
const writtenAt = new Date('2026-02-03T04:05:06Z')
const asOf = new Date('2026-02-03T04:05:00Z')

const document = (id: string, fields: Readonly<Record<string, unknown>> = {}) => {
  const stripe_user_id = typeof fields.stripe_user_id === 'string' ? fields.stripe_user_id : 'acct_1'
  const base = {
    _id: `${stripe_user_id}:${id}`,
    stripe_id: id,
    stripe_user_id,
    livemode: false,
    created: 100,
  }
  return {
    ...base,
    sync: { created_at: firstWrittenAt, updated_at: writtenAt, as_of: asOf },
    ...fields,
  } as object
}

beforeAll(async () => {
  await ensureCollections(db)
  await db.collection('billing.customers').insertMany([
    document('cus_99', { created: 99 }),
    document('cus_100'),
    document('cus_101', { created: 101 }),
    document('cus_gone', { deleted: true }),
    document('cus_clock', { test_clock: 'clock_1' }),
    document('cus_live', { livemode: true }),
    document('cus_whose', { livemode: null }),
    document('cus_stub', { created: undefined, deleted: true }),
    document('cus_other', { stripe_user_id: 'acct_2' }),
    // Of somebody else, and none of the outlines.
    document('cus_foreign', { sync: undefined }),
  ])
})

const query: OutlineQuery = {
  account: 'acct_1',
  collection: 'billing.customers',
  livemode: false,
  since: null,
  until: null,
}

const outlines = async (told: Partial<OutlineQuery> = {}): Promise<readonly StoredOutline[]> => {
  const taken: StoredOutline[] = []
  await eachStoredOutline(db, { ...query, ...told }, (outline) => taken.push(outline))
  return taken.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

const idsOf = async (told: Partial<OutlineQuery>): Promise<readonly string[]> =>
  (await outlines(told)).map(({ id }) => id)

const at = (unixSeconds: number): Date => new Date(unixSeconds * 1000)

describe('what is stored of a kind of objects', () => {
  test('is outlined by what the drift audit asks of it', async () => {
    const outline = { firstWrittenAt, writtenAt, asOf, isDeleted: false, isOnTestClock: false }
    expect(await outlines()).toEqual([
      { ...outline, id: 'cus_100' },
      { ...outline, id: 'cus_101' },
      { ...outline, id: 'cus_99' },
      { ...outline, id: 'cus_clock', isOnTestClock: true },
      { ...outline, id: 'cus_gone', isDeleted: true },
      { ...outline, id: 'cus_stub', isDeleted: true },
    ])
  })

  test('is that of one account and one mode', async () => {
    expect(await idsOf({ livemode: true })).toEqual(['cus_live'])
    expect(await idsOf({ account: 'acct_2' })).toEqual(['cus_other'])
    expect(await idsOf({ account: 'acct_3' })).toEqual([])
  })

  test('is that of a range whose end is not part of it', async () => {
    expect(await idsOf({ since: at(100), until: at(101) })).toEqual(['cus_100', 'cus_clock', 'cus_gone'])
    expect(await idsOf({ since: at(101) })).toEqual(['cus_101'])
    expect(await idsOf({ until: at(100) })).toEqual(['cus_99'])
    expect(await idsOf({ since: at(99.5), until: at(100.5) })).toEqual(['cus_100', 'cus_clock', 'cus_gone'])
  })

  test('is told by its newest objects that are not deleted', async () => {
    const asked = { account: 'acct_1', livemode: false }
    expect(await newestStored(db, { ...asked, before: writtenAt })).toEqual([
      { kind: 'customer', id: 'cus_101' },
      { kind: 'customer', id: expect.stringMatching(/^cus_(100|clock)$/) },
    ])
    expect(await newestStored(db, { ...asked, before: firstWrittenAt })).toEqual([])
  })

  test('is read through the index on the account and the creation', async () => {
    const range = { stripe_user_id: 'acct_1', livemode: false, created: { $gte: 100 } }
    const plan = await db.collection('billing.customers').find(range).explain('queryPlanner')
    expect(JSON.stringify(plan)).toContain('"indexName":"stripe_user_id_1_created_-1"')
  })
})

test('tells whether anything is stored of a mode and within a range', async () => {
  expect(await isAnyStored(db, query)).toBe(true)
  expect(await isAnyStored(db, { ...query, collection: 'billing.products' })).toBe(false)
  expect(await isAnyStored(db, { ...query, account: 'acct_2', livemode: true })).toBe(false)
  expect(await isAnyStored(db, { ...query, since: new Date(200_000) })).toBe(false)
})

import { expect, test } from 'vitest'
import { completeCatchUp, returnedSinceCatchUp } from '../../src/store/catch-ups.ts'
import { openTestDatabase } from '../support/database.ts'

const { db } = await openTestDatabase()
const at = new Date('2026-03-01T12:00:00Z')

test('accounts that came back after their last catch-up was begun are named', async () => {
  const connected = { state: 'connected', as_of: at }
  const rows = [
    ...['acct_never_asked', 'acct_asked_before', 'acct_asked_in_that_second', 'acct_asked_since'].map(
      (_id) => ({
        ...{ _id, connection: connected, disconnected_at: new Date(0) },
      }),
    ),
    { _id: 'acct_never_left', connection: connected },
    { _id: 'acct_away', connection: { state: 'disconnected', as_of: at }, disconnected_at: at },
  ]
  await db.collection<{ _id: string }>('billing.accounts').insertMany(rows)
  const complete = (account: string, ms: number) =>
    completeCatchUp(db, account, { startedAt: new Date(at.getTime() + ms), gap: null })
  await complete('acct_asked_before', -60_000)
  await complete('acct_asked_in_that_second', 400)
  await complete('acct_asked_since', 60_000)
  const returned = await returnedSinceCatchUp(db)
  expect(returned.map(({ account }) => account).toSorted()).toEqual([
    'acct_asked_before',
    'acct_asked_in_that_second',
    'acct_never_asked',
  ])
  expect(new Set(returned.map((account) => account.at.getTime()))).toEqual(new Set([at.getTime()]))
})

import { beforeEach, describe, expect, test } from 'vitest'
import { wantedBackfills } from '../../src/store/backfill-wanted.ts'
import { completeCatchUp } from '../../src/store/catch-ups.ts'
import { openPositions, savePositions } from '../../src/store/cursors.ts'
import { openTestDatabase } from '../support/database.ts'

const { client, db } = await openTestDatabase()
const lists = ['customers', 'charges']
const [cutOff, returned, later] = [1, 2, 3].map((month) => new Date(Date.UTC(2026, month, 1)))

beforeEach(async () => {
  for (const name of ['billing.accounts', 'billing.cursors']) await db.collection(name).deleteMany({})
})

const insert = (id: string, fields: object) =>
  db.collection<{ _id: string }>('billing.accounts').insertOne({ _id: id, ...fields })

const comeBack = (id: string) =>
  insert(id, { connection: { state: 'connected', as_of: returned }, disconnected_at: cutOff })

/** Walks lists of an account to their end, as a backfill begun then does. */
const backfill = async (
  account: string,
  {
    at,
    since = null,
    resources = lists,
    livemode = true,
  }: { at: Date | undefined; since?: string | null; resources?: string[]; livemode?: boolean | null },
): Promise<void> => {
  const now = at ?? new Date()
  const typed = { since, until: null }
  const requests = resources.map((resource) => ({
    ...{ account, resource, typed, livemode, since: null, until: null },
    ...{ begin: () => [{ from: null }], effects: null },
  }))
  const opened = await openPositions(db, requests, { run: 'r', token: 't', restart: true, now })
  const positions = opened.map(({ id }) => ({
    ...{ id, token: 't', windows: [] },
    ...{ kind: 'customer' as const, failed: 0 },
  }))
  const commit = { account, seq: 0, now, writes: [], notices: [], settlements: [], positions }
  await client.withSession((session) => savePositions(db, commit, session))
}

const wanted = async (livemode: boolean | null = true) =>
  (await wantedBackfills(db, { lists, livemode })).map(({ account, since }) => [account, since])

describe('a backfill is wanted', () => {
  test('by an account that came back after it had cut the platform off', async () => {
    await comeBack('acct_1')
    expect(await wanted()).toEqual([['acct_1', cutOff]])
  })

  test('by one of which events were lost, named once', async () => {
    await comeBack('acct_2')
    const gap = { since: cutOff ?? new Date(), until: returned ?? new Date() }
    for (const account of ['acct_2', 'acct_1'])
      await completeCatchUp(db, account, { startedAt: new Date(), gap })
    expect(await wanted()).toEqual([
      ['acct_1', cutOff],
      ['acct_2', cutOff],
    ])
  })

  test('still after one that began before, had a range, or left a list out', async () => {
    await comeBack('acct_1')
    await backfill('acct_1', { at: cutOff })
    await backfill('acct_1', { at: later, since: '3d' })
    await backfill('acct_1', { at: later, resources: ['customers'] })
    await backfill('acct_2', { at: later })
    expect(await wanted()).toEqual([['acct_1', cutOff]])
  })

  test('no longer after one of everything', async () => {
    await comeBack('acct_1')
    await backfill('acct_1', { at: later })
    expect(await wanted()).toEqual([])
  })

  test('still after one of the other mode, but for who takes events of both', async () => {
    await comeBack('acct_1')
    await backfill('acct_1', { at: later, livemode: false })
    expect([await wanted(), await wanted(null)]).toEqual([[['acct_1', cutOff]], []])
    await backfill('acct_1', { at: later, livemode: null })
    expect(await wanted()).toEqual([])
  })

  test('not while the account is away, nor where it never was', async () => {
    await insert('acct_1', {
      connection: { state: 'disconnected', as_of: cutOff },
      disconnected_at: cutOff,
    })
    await insert('acct_2', { connection: { state: 'connected', as_of: cutOff } })
    await insert('acct_3', {})
    await completeCatchUp(db, 'acct_3', { startedAt: new Date(), gap: null })
    expect(await wanted()).toEqual([])
  })
})

import { beforeEach, describe, expect, test } from 'vitest'
import type { PositionUpdate } from '../../src/ports/pipeline-store.ts'
import { endRun, openRun } from '../../src/store/cursor-runs.ts'
import { forgetPositions, noteMended, openPositions, savePositions } from '../../src/store/cursors.ts'
import { openTestDatabase } from '../support/database.ts'

const { client, db } = await openTestDatabase()
const cursors = db.collection('billing.cursors')

beforeEach(() => cursors.deleteMany({}))

describe('a run', () => {
  const command = {
    livemode: false,
    accounts: ['acct_1'],
    resources: ['customers'],
    since: '1d',
    until: null,
  }
  const open = (
    run: string,
    told: { since?: Date; restart?: boolean; accounts?: readonly string[]; livemode?: boolean } = {},
  ) =>
    openRun(db, {
      command: { ...command, accounts: told.accounts ?? command.accounts, livemode: told.livemode ?? false },
      ...{ run, since: told.since ?? null, until: null, restart: told.restart ?? false },
    })
  const [yesterday, today] = [new Date('2026-01-01T00:00:00Z'), new Date('2026-01-02T00:00:00Z')]

  test('that did not end goes on, with the instants that it began with', async () => {
    await open('one', { since: yesterday })
    expect(await open('two', { since: today })).toEqual({
      ...{ run: 'one', since: yesterday, until: null, insists: false },
      unfinished: [],
    })
    expect(await open('two', { restart: true, since: today })).toMatchObject({ run: 'two', since: today })
  })

  test('that was begun by a person who insists does so when it goes on, and no other', async () => {
    const insists = true
    expect(await open('one', { restart: true })).toMatchObject({ insists })
    expect(await open('two')).toMatchObject({ run: 'one', insists })
    const unfinished = [{ account: 'acct_1', run: 'one', since: null, until: null, insists }]
    await endRun(db, command, { run: 'one', unfinished })
    const next = { run: 'three', insists: false, unfinished }
    expect([await open('three'), await open('four')]).toMatchObject([next, next])
  })

  test('that ended is followed by a new one', async () => {
    await open('one')
    await endRun(db, command, { run: 'one', unfinished: [] })
    expect(await open('two')).toMatchObject({ run: 'two' })
  })

  test('that ended tells the next one what it left unfinished, until that one ends', async () => {
    const unfinished = [{ account: 'acct_1', run: 'one', since: yesterday, until: null }]
    await open('one', { since: yesterday })
    await endRun(db, command, { run: 'one', unfinished })
    expect(await open('two', { since: today })).toMatchObject({ run: 'two', since: today, unfinished })
    expect(await open('three')).toMatchObject({ run: 'two', unfinished })
    expect(await open('four', { restart: true })).toMatchObject({ run: 'four', unfinished: [] })
    await endRun(db, command, { run: 'four', unfinished: [] })
    expect(await open('five')).toMatchObject({ unfinished: [] })
  })

  test('is the same whatever the order of its accounts, and another for others or the other mode', async () => {
    await open('one', { accounts: ['acct_1', 'acct_2'] })
    expect(await open('two', { accounts: ['acct_2', 'acct_1'] })).toMatchObject({ run: 'one' })
    expect(await open('three', { accounts: ['acct_3'] })).toMatchObject({ run: 'three' })
    expect(await open('four', { accounts: ['acct_1', 'acct_2'], livemode: true })).toMatchObject({
      run: 'four',
    })
  })
})

describe('a position', () => {
  const request = {
    ...{ account: 'acct_1', resource: 'customers', typed: { since: null, until: null } },
    livemode: false,
    ...{ since: null, until: null, begin: () => [{ from: null }] },
  }
  const open = (
    run: string,
    told: { restart?: boolean; effects?: 'none' | 'missing' | null; livemode?: boolean } = {},
  ) => {
    const { restart = false, effects = null, livemode = false } = told
    return openPositions(db, [{ ...request, effects, livemode }], {
      run,
      token: run,
      restart,
      now: new Date(),
    })
  }
  const setRow = (fields: object) => cursors.updateOne({ resource: 'customers' } as object, { $set: fields })
  const save = (position: PositionUpdate) => {
    const commit = { account: 'acct_1', seq: 0, now: new Date(), writes: [], notices: [], settlements: [] }
    return client.withSession((session) => savePositions(db, { ...commit, positions: [position] }, session))
  }
  const begun = expect.any(Date)

  test('begins where nothing is known, and goes on where it was', async () => {
    expect(await open('one')).toMatchObject([{ startedAt: null, windows: [{ from: null }] }])
    await setRow({ windows: [{ from: 5 }] })
    expect(await open('two')).toMatchObject([{ startedAt: begun, windows: [{ from: 5 }] }])
    expect(await open('three', { restart: true })).toMatchObject([
      { startedAt: null, windows: [{ from: null }] },
    ])
  })

  test('of one mode is none of the other, and one whose mode nobody noted is of neither', async () => {
    await open('one')
    await setRow({ windows: [{ from: 5 }] })
    expect(await open('two', { livemode: true })).toMatchObject([{ startedAt: null }])
    await cursors.deleteMany({})
    await cursors.insertOne({
      _id: 'acct_1:customers:..',
      run: 'one',
      windows: [],
      completed_at: null,
    } as object)
    expect(await open('two')).toMatchObject([{ startedAt: null }])
    expect(await open('two', { livemode: true })).toMatchObject([{ startedAt: null }])
  })

  test('of a list walked to its end begins anew, but for the run that did it', async () => {
    await open('one')
    await setRow({ windows: [], completed_at: new Date() })
    expect(await open('one')).toMatchObject([{ startedAt: begun, windows: [], isMended: false }])
    expect(await open('two')).toMatchObject([{ startedAt: null, windows: [{ from: null }] }])
  })

  test('of a list that was mended is told so until it begins anew', async () => {
    const [position] = await open('one')
    await setRow({ windows: [], completed_at: new Date() })
    await noteMended(db, [position?.id ?? ''])
    expect(await open('one')).toMatchObject([{ windows: [], isMended: true }])
    await open('two')
    await setRow({ windows: [{ from: 5 }] })
    expect(await open('two')).toMatchObject([{ startedAt: begun, isMended: false }])
  })

  test('keeps what could not be stored until it begins anew', async () => {
    const [{ id } = { id: '' }] = await open('one')
    const moved = { id, token: 'one', kind: 'customer' as const }
    for (const windows of [[{ from: 7 }], [{ from: 5 }]]) await save({ ...moved, windows, failed: 2 })
    expect(await open('two')).toMatchObject([{ windows: [{ from: 5 }], failed: 4 }])
    expect(await open('three', { restart: true })).toMatchObject([{ failed: 0 }])
    await setRow({ windows: [{ from: 5 }] })
    expect(await open('four')).toMatchObject([{ startedAt: begun, failed: 0 }])
  })

  test('that is forgotten begins anew, and whoever was at it saves nothing more', async () => {
    const [{ id } = { id: '' }] = await open('one')
    await setRow({ windows: [{ from: 5 }] })
    await forgetPositions(db, [request])
    const moved = { id, token: 'one', kind: 'customer' as const, windows: [{ from: 3 }], failed: 0 }
    await expect(save(moved)).rejects.toMatchObject({ code: 'backfill_superseded' })
    expect(await open('two')).toMatchObject([{ startedAt: null, windows: [{ from: null }] }])
  })

  test('of a list walked to its end is not forgotten', async () => {
    await open('one')
    await setRow({ windows: [], completed_at: new Date() })
    await forgetPositions(db, [request])
    expect(await cursors.countDocuments()).toBe(1)
  })

  test('that was walked without messages begins anew with them', async () => {
    await open('one', { effects: 'none' })
    await setRow({ windows: [{ from: 5 }] })
    expect(await open('two', { effects: 'none' })).toMatchObject([{ startedAt: begun }])
    expect(await open('three', { effects: 'missing' })).toMatchObject([{ startedAt: null }])
    await setRow({ windows: [{ from: 5 }] })
    expect(await open('four', { effects: 'missing' })).toMatchObject([{ startedAt: begun }])
    expect(await open('five', { effects: 'none' })).toMatchObject([{ startedAt: begun }])
    expect(await open('six', { effects: 'missing' })).toMatchObject([{ startedAt: null }])
  })
})

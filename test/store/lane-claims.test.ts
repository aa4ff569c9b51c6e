import { execa } from 'execa'
import { beforeEach, describe, expect, test } from 'vitest'
import { ensureCollections } from '../../src/store/collections.ts'
import { LaneClaims } from '../../src/store/lane-claims.ts'
import { identifyThisProcess } from '../../src/store/this-process.ts'
import { openTestDatabase } from '../support/database.ts'

const { db } = await openTestDatabase()
await ensureCollections(db)
const lanes = db.collection<{ _id: string; lapses_at: Date }>('billing.lanes')
const here = identifyThisProcess()

beforeEach(async () => {
  await lanes.deleteMany({})
})

/** Claims of another process, on another machine unless told otherwise. */
const other = (told = {}) =>
  new LaneClaims(db, { token: crypto.randomUUID(), host: 'elsewhere', pid: 1, ...told })
const claims = () => new LaneClaims(db, here)
const lapse = () => lanes.updateMany({}, { $set: { lapses_at: new Date(0) } })

describe('a claim', () => {
  test('is given to one of many that ask at once', async () => {
    const asked = await Promise.all(Array.from({ length: 20 }, () => other().claim('acct_1')))
    expect(asked.filter((claim) => claim !== null)).toEqual([{ abandoned: null }])
  })

  test('is free again once it was released', async () => {
    const first = other()
    await first.claim('acct_1')
    await first.release('acct_1', { isSafe: true })
    expect(await claims().claim('acct_1')).toEqual({ abandoned: null })
  })

  test('tells its heir that it was left unsafe', async () => {
    const first = other()
    await first.claim('acct_1')
    await first.runAlone('acct_1', 'acct_1:evt_1')
    await first.release('acct_1', { isSafe: false })
    expect(await claims().claim('acct_1')).toEqual({ abandoned: { aloneRowId: null } })
  })

  test('passes on when it lapses, with the event that ran alone', async () => {
    const first = other()
    await first.claim('acct_1')
    await first.runAlone('acct_1', 'acct_1:evt_1')
    expect(await claims().claim('acct_1')).toBeNull()
    await lapse()
    expect(await claims().claim('acct_1')).toEqual({ abandoned: { aloneRowId: 'acct_1:evt_1' } })
  })

  test('is kept by renewing it, by the clock of the server', async () => {
    const first = other()
    await first.claim('acct_1')
    await lapse()
    await first.renew()
    expect(await claims().claim('acct_1')).toBeNull()
    const [row] = await lanes
      .aggregate([{ $project: { leftMs: { $subtract: ['$lapses_at', '$$NOW'] } } }])
      .toArray()
    expect(row?.leftMs).toBeGreaterThan(0)
    expect(row?.leftMs).toBeLessThanOrEqual(9_000)
  })

  test('that was lost is not touched by who had it', async () => {
    const first = other()
    await first.claim('acct_1')
    await lapse()
    await claims().claim('acct_1')
    await first.runAlone('acct_1', 'acct_1:evt_1')
    await first.release('acct_1', { isSafe: true })
    expect(await lanes.findOne()).toMatchObject({ worker: here.token, alone: null })
  })
})

describe('the claim of a process of this machine', () => {
  test('is void as soon as the process is gone', async () => {
    const child = execa('sleep', ['60'], { reject: false })
    await other({ host: here.host, pid: child.pid }).claim('acct_1')
    expect(await claims().claim('acct_1')).toBeNull()
    child.kill('SIGKILL')
    await child
    expect(await claims().claim('acct_1')).toEqual({ abandoned: { aloneRowId: null } })
  })
})

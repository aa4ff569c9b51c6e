import { hostname } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { execa } from 'execa'
import type { Document } from 'mongodb'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { ProcessClaims } from '../../src/store/claims-of-process.ts'
import { identifyThisProcess } from '../../src/store/this-process.ts'
import { openTestDatabase } from '../support/database.ts'

const { client, db } = await openTestDatabase({ monitorCommands: true })
const cursors = db.collection<{ _id: string; lapses_at: Date; token: string | null }>('billing.cursors')
const here = identifyThisProcess()
const opened: ProcessClaims[] = []

beforeEach(() => cursors.deleteMany({}))
afterEach(() => Promise.all(opened.splice(0).map((claims) => claims.release('acct_1', 'open'))))

/** Claims of another process, on another machine unless told otherwise. */
const other = (told = {}) => open({ token: crypto.randomUUID(), host: 'elsewhere', pid: 1, ...told })
const open = (...claimant: [] | [typeof here]) => {
  const claims = new ProcessClaims(db, ...claimant)
  opened.push(claims)
  return claims
}

const claim = (claims: ProcessClaims, force = false) => claims.claim('acct_1', { run: 'one', force })
const running = { code: 'backfill_running' }
const lapse = () => cursors.updateMany({}, { $set: { lapses_at: new Date(0) } })

/** Resolves once the server has refused an update. */
const refusedUpdate = (): Promise<void> =>
  new Promise((resolve) => {
    client.on('commandSucceeded', ({ commandName, reply }) => {
      if (commandName === 'update' && Array.isArray((reply as Document).writeErrors)) resolve()
    })
  })

describe('a claim', () => {
  test('is given to one of many that ask at once', async () => {
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => claim(other())))
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('is free again once it was let go of, by whoever had it alone', async () => {
    const [first, second] = [other(), other()]
    await claim(first)
    await second.release('acct_1', 'tried')
    await expect(claim(second)).rejects.toMatchObject(running)
    await first.release('acct_1', 'tried')
    await claim(second)
    await expect(claim(first)).rejects.toMatchObject(running)
  })

  test('is taken by force', async () => {
    await claim(other())
    const second = other()
    await claim(second, true)
    expect(await cursors.findOne()).toMatchObject({ token: second.token })
  })

  test('lapses where nobody renews it, by the clock of the server', async () => {
    await claim(other())
    await lapse()
    await claim(open())
    const [row] = await cursors
      .aggregate([{ $project: { leftMs: { $subtract: ['$lapses_at', '$$NOW'] } } }])
      .toArray()
    expect(row?.leftMs).toBeGreaterThan(0)
    expect(row?.leftMs).toBeLessThanOrEqual(9_000)
  })

  test('is renewed while its process lives', async () => {
    await claim(other())
    await lapse()
    const now = Date.now()
    const end = async () => (await cursors.findOne())?.lapses_at.getTime()
    await expect.poll(end, { timeout: 10_000 }).toBeGreaterThan(now)
  })
})

// A rejection that nobody handles would end the program.
test('a claim that cannot be renewed ends nothing', async () => {
  await claim(other())
  await db.command({ collMod: 'billing.cursors', validator: { token: null } })
  onTestFinished(async () => {
    await db.command({ collMod: 'billing.cursors', validator: {} })
  })
  const unhandled: unknown[] = []
  const note = (reason: unknown) => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  await refusedUpdate()
  // The driver has yet to tell whoever asked.
  for (let turn = 0; turn < 20; turn += 1) await nextTurn()
  expect(unhandled).toEqual([])
})

describe('the claim of a process of this machine', () => {
  test('is void as soon as the process is gone', async () => {
    const child = execa('sleep', ['60'], { reject: false })
    await claim(other({ host: here.host, pid: child.pid }))
    await expect(claim(open())).rejects.toMatchObject(running)
    child.kill('SIGKILL')
    await child
    await claim(open())
  })

  test('holds while a process of its id lives, though it be the one that asks', async () => {
    await claim(other({ host: here.host, pid: here.pid }))
    await expect(claim(open())).rejects.toMatchObject(running)
    await lapse()
    await claim(open())
  })
})

describe('the claim of another container', () => {
  test('is left to it, whatever its host name and process id, and names its host alone', async () => {
    const child = execa('true')
    await child
    // A process of this id is gone here; there it may live.
    const there = other({ host: `${hostname()} ${crypto.randomUUID()} pid:[4026532000]`, pid: child.pid })
    await claim(there)
    const message = expect.stringContaining(`runs on ${hostname()} (process ${child.pid})`)
    await expect(claim(open())).rejects.toMatchObject({ ...running, message })
  })

  test('is left to it where it was written by a version that knew the host name alone', async () => {
    const child = execa('true')
    await child
    await claim(other({ host: hostname(), pid: child.pid }))
    await expect(claim(open())).rejects.toMatchObject(running)
  })
})

// Several processes work on one inbox, and die, freeze and lose their Redis meanwhile: for `npm run test:faults`.

import { Redis } from 'ioredis'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ensureCollections } from '../../src/store/collections.ts'
import { openTestDatabase } from '../support/database.ts'
import { deliveryOf, numberedEvent } from '../support/deliveries.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { ingest } from '../support/running-workers.ts'
import { startWorker, type WorkerProcess } from './worker-process.ts'

const database = await openTestDatabase()
const { db } = database
await ensureCollections(db)
const events = db.collection<{ _id: string; status: string; stripe_user_id: string }>('billing.events')
const env = { MONGODB_URI: database.uri }

/** Handing over takes 9 s until a claim lapses, and the machine of the tests may be busy. */
const patience = { timeout: 45_000, interval: 50 }
const longTest = 120_000

/** Puts events of an account into the inbox and returns their ids. */
const fill = async (account: string, count: number, prefix = 'evt_'): Promise<readonly string[]> => {
  const deliveries = Array.from({ length: count }, (_, index) =>
    deliveryOf({ ...numberedEvent(index), id: `${prefix}${account.replaceAll('_', '')}${index}`, account }),
  )
  await ingest(database, ...deliveries)
  return deliveries.map(({ event }) => event.id)
}

/** In the transaction that settles the event's row, after it locked the account. */
const whileSettling = (eventId: string | undefined, signal: 'SIGKILL' | 'SIGSTOP') =>
  JSON.stringify({ command: 'update', text: eventId, signal })

const unsettled = () => events.countDocuments({ status: { $ne: 'done' } })
const allSettled = (workers: readonly WorkerProcess[]) => workers.flatMap((worker) => worker.settled())

const startRedis = async () => {
  const redis = await startRedisServer()
  onTestFinished(() => redis.stop())
  return redis
}

describe.each(['redis', 'the sweep alone'])('three processes woken by %s', (through) => {
  test('handle each event once', { timeout: longTest }, async () => {
    const redis = through === 'redis' ? { REDIS_URL: (await startRedis()).url } : {}
    const workers = await Promise.all([1, 2, 3].map(() => startWorker({ ...env, ...redis })))
    const accounts = [1, 2, 3, 4, 5, 6].map((number) => `acct_${through === 'redis' ? 'r' : 's'}${number}`)
    const ids: string[] = []
    for (const [index, account] of accounts.entries()) {
      ids.push(...(await fill(account, 30)))
      workers[index % 3]?.wake(account)
    }
    await expect.poll(unsettled, patience).toBe(0)
    await expect.poll(() => [...allSettled(workers)].sort(), patience).toEqual([...ids].sort())
  })
})

describe('a process that dies', () => {
  test('in its transaction leaves its events to another at once', { timeout: longTest }, async () => {
    const ids = await fill('acct_killed', 20)
    const dying = await startWorker({ ...env, STRIKE: whileSettling(ids[3], 'SIGKILL') })
    expect(await dying.ended).toBe('SIGKILL')
    const started = performance.now()
    const heir = await startWorker(env)
    await expect.poll(unsettled, patience).toBe(0)
    expect(performance.now() - started).toBeLessThan(45_000)
    await expect.poll(() => heir.told, patience).toContainEqual(['takeover', 'acct_killed'])
    await expect.poll(() => [...heir.settled()].sort(), patience).toEqual([...ids].sort())
    expect(await events.countDocuments({ attempts: { $gt: 0 } })).toBe(0)
  })

  test('over one event ends with that event dead and no other', { timeout: longTest }, async () => {
    await fill('acct_killer', 5)
    const killer = deliveryOf({ ...numberedEvent(666), account: 'acct_killer' })
    await ingest(database, killer)
    const others = await fill('acct_bystander', 5)
    const atItsObject = { command: 'aggregate', text: 'ch_666', signal: 'SIGKILL' }
    const row = () => events.findOne({ event_id: 'evt_666' })
    // Its waits are a matter of minutes: each is over as soon as it is written.
    const hasten = () => events.updateMany({ status: 'failed' }, { $set: { next_attempt_at: new Date(0) } })
    const dieOverIt = async () => {
      const worker = await startWorker({ ...env, STRIKE: JSON.stringify(atItsObject) })
      const end = { signal: null as unknown }
      void worker.ended.then((signal) => Object.assign(end, { signal }))
      await expect.poll(() => hasten().then(() => end.signal), patience).toBe('SIGKILL')
    }
    await dieOverIt()
    expect(await row()).toMatchObject({ status: 'pending', attempts: 0 })
    await dieOverIt()
    await dieOverIt()
    expect(await row()).toMatchObject({ status: 'failed', attempts: 1 })
    await events.updateOne({ event_id: 'evt_666' }, { $set: { attempts: 6 } })
    await dieOverIt()
    await startWorker({ ...env, STRIKE: JSON.stringify(atItsObject) })
    await expect
      .poll(row, patience)
      .toMatchObject({ status: 'dead', attempts: 8, error: { code: 'worker_died' } })
    await expect.poll(unsettled, patience).toBe(1)
    expect(await events.countDocuments({ event_id: { $in: others }, status: 'done' })).toBe(others.length)
    await events.deleteMany({ status: 'dead' })
  })
})

describe('a process that freezes in its transaction', () => {
  test('hands over, and is refused when it wakes up', { timeout: longTest }, async () => {
    const ids = await fill('acct_frozen', 3)
    const frozen = await startWorker({ ...env, STRIKE: whileSettling(ids[0], 'SIGSTOP') })
    const heir = await startWorker(env)
    await expect.poll(unsettled, patience).toBe(0)
    await expect.poll(() => heir.told, patience).toContainEqual(['takeover', 'acct_frozen'])
    await expect.poll(() => [...heir.settled()].sort(), patience).toEqual([...ids].sort())
    const before = await db.collection('queue.jobs').countDocuments({ stripe_user_id: 'acct_frozen' })
    frozen.kill('SIGCONT')
    await expect.poll(() => frozen.told, patience).toContainEqual(['lost commit', null])
    expect(await frozen.drain()).toBe(0)
    expect(await db.collection('queue.jobs').countDocuments({ stripe_user_id: 'acct_frozen' })).toBe(before)
  })
})

describe('Redis', () => {
  test('may be emptied, frozen and killed, and nothing is lost', { timeout: longTest }, async () => {
    const redis = await startRedis()
    const workers = await Promise.all([1, 2].map(() => startWorker({ ...env, REDIS_URL: redis.url })))
    const ids = [...(await fill('acct_redis1', 10))]
    workers[0]?.wake('acct_redis1')
    const admin = new Redis(redis.url)
    await admin.flushall()
    admin.disconnect()
    await expect.poll(unsettled, patience).toBe(0)
    process.kill(redis.pid, 'SIGSTOP')
    ids.push(...(await fill('acct_redis2', 10)))
    workers[0]?.wake('acct_redis2')
    await expect.poll(unsettled, patience).toBe(0)
    process.kill(redis.pid, 'SIGCONT')
    process.kill(redis.pid, 'SIGKILL')
    ids.push(...(await fill('acct_redis3', 10)))
    workers[1]?.wake('acct_redis3')
    await expect.poll(unsettled, patience).toBe(0)
    await expect.poll(() => [...allSettled(workers)].sort(), patience).toEqual([...ids].sort())
    expect(await Promise.all(workers.map((worker) => worker.drain()))).toEqual([0, 0])
  })
})

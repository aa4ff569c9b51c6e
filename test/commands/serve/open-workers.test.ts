import { describe, expect, test } from 'vitest'
import { ensureCollections } from '../../../src/store/collections.ts'
import { openTestDatabase } from '../../support/database.ts'
import { deliveryOf, numberedEvent } from '../../support/deliveries.ts'
import { ingest, startWorkers } from '../../support/running-workers.ts'

const database = await openTestDatabase()
const { db } = database
await ensureCollections(db)
const events = db.collection<{ _id: string; status: string }>('billing.events')
const patience = { timeout: 15_000, interval: 20 }

const numbered = (account: string, number: number) => deliveryOf({ ...numberedEvent(number), account })
const statusesOf = async (account: string) =>
  (await events.find({ stripe_user_id: account }).sort({ _id: 1 }).toArray()).map(({ status }) => status)

describe('an event in the inbox', () => {
  test('is handled when its account is woken', async () => {
    const workers = await startWorkers(database)
    await ingest(database, numbered('acct_woken', 1))
    workers.wake('acct_woken')
    await expect.poll(() => statusesOf('acct_woken'), patience).toEqual(['done'])
    expect(await db.collection('billing.charges').countDocuments({ stripe_user_id: 'acct_woken' })).toBe(1)
    // What is stored is told right after.
    await expect
      .poll(() => workers.told, patience)
      .toEqual([
        [
          'outcome',
          {
            account: 'acct_woken',
            eventId: 'evt_1',
            type: 'charge.succeeded',
            outcome: 'applied',
            code: null,
            ms: expect.any(Number),
            lagMs: expect.any(Number),
          },
        ],
      ])
    expect(workers.woken).toEqual(['acct_woken'])
  })

  test('is found by the sweep when nobody woke its account', async () => {
    await ingest(database, numbered('acct_before', 1))
    const workers = await startWorkers(database)
    await ingest(database, numbered('acct_swept', 1))
    await expect.poll(() => statusesOf('acct_swept'), patience).toEqual(['done'])
    await expect.poll(() => statusesOf('acct_before'), patience).toEqual(['done'])
    expect(workers.isRunning()).toBe(true)
  })
})

describe('an event that fails', () => {
  const poison = (account: string, number: number) =>
    deliveryOf({ ...numberedEvent(number), account, data: { object: { id: 'cus_1', object: 'customer' } } })

  test('is tried eight times and ends dead with its reason', async () => {
    const workers = await startWorkers(database)
    await ingest(database, poison('acct_poison', 1), numbered('acct_poison', 2))
    // Its waits are a matter of minutes: each is over as soon as it is written.
    const hasten = () =>
      events.updateMany({ status: 'failed' }, { $set: { next_attempt_at: new Date(0) } }).then(() => true)
    await expect
      .poll(async () => (await hasten()) && statusesOf('acct_poison'), patience)
      .toEqual(['dead', 'done'])
    const row = await events.findOne({ _id: 'acct_poison:evt_1' })
    expect(row).toMatchObject({ attempts: 8, next_attempt_at: null, error: { code: 'object_invalid' } })
    const told = () =>
      workers.told
        .filter(([what, { eventId }]) => eventId === 'evt_1' && what !== 'outcome')
        .map(([what]) => what)
    // What is stored is told right after.
    await expect.poll(told, patience).toEqual([...Array.from({ length: 7 }, () => 'retry'), 'dead'])
  })

  test('waits longer after each try, by the clock of the server', async () => {
    await startWorkers(database)
    await ingest(database, poison('acct_backoff', 1))
    await expect.poll(() => statusesOf('acct_backoff'), patience).toEqual(['failed'])
    const [row] = await events
      .aggregate([
        { $match: { _id: 'acct_backoff:evt_1' } },
        { $project: { dueInMs: { $subtract: ['$next_attempt_at', '$processed_at'] }, attempts: 1 } },
      ])
      .toArray()
    expect(row?.dueInMs).toBeGreaterThanOrEqual(500 * 2 ** ((row?.attempts ?? 0) - 1))
    expect(row?.dueInMs).toBeLessThanOrEqual(1_000 * 2 ** ((row?.attempts ?? 0) - 1))
  })
})

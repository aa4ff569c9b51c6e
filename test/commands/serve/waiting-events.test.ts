import { afterEach, describe, expect, test } from 'vitest'
import { ensureCollections } from '../../../src/store/collections.ts'
import { openTestDatabase } from '../../support/database.ts'
import { deliveryOf, numberedEvent } from '../../support/deliveries.ts'
import { ingest, startWorkers } from '../../support/running-workers.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { PLATFORM_ID, PLATFORM_KEYS } from '../../support/stripe/world.ts'

const database = await openTestDatabase()
const { db } = database
await ensureCollections(db)
const events = db.collection<{ _id: string; status: string; attempts: number }>('billing.events')
const patience = { timeout: 25_000, interval: 20 }

afterEach(async () => {
  await events.deleteMany({})
})

const numbered = (account: string, number: number) => deliveryOf({ ...numberedEvent(number), account })
const many = (account: string, count: number) =>
  Array.from({ length: count }, (_, index) => numbered(account, index + 1))
const statusesOf = async (account: string) =>
  (await events.find({ stripe_user_id: account }).sort({ _id: 1 }).toArray()).map(({ status }) => status)
const count = (status: string) => events.countDocuments({ status })

/** A played Stripe that knows these accounts, and the settings of a process that asks it. */
const withStripe = async (...accounts: readonly string[]) => {
  const { server, world } = await playStripe()
  for (const account of accounts) world.account(account)
  const settings = {
    stripeKey: PLATFORM_KEYS.test,
    stripeApiBase: server.url,
    platformAccount: PLATFORM_ID,
  }
  return { server, settings }
}

describe('an event that waits for Stripe', () => {
  test('uses up no attempt, tells why, and is handled once it may be', async () => {
    const { server, settings } = await withStripe('acct_waits')
    const unauthorized = { type: 'invalid_request_error', message: 'Invalid API Key provided' }
    server.faults.add({}, { kind: 'error', status: 401, error: unauthorized }, { times: 3 })
    const workers = await startWorkers(database, settings)
    await ingest(database, numbered('acct_waits', 1))
    workers.wake('acct_waits')
    await expect.poll(() => workers.degraded(), patience).toEqual(['stripe_unauthorized'])
    expect(await statusesOf('acct_waits')).toEqual(['pending'])
    await expect.poll(() => statusesOf('acct_waits'), patience).toEqual(['done'])
    expect(await events.findOne()).toMatchObject({ attempts: 0 })
    // What is stored is told right after.
    await expect
      .poll(() => workers.told.map(([what, { code }]) => [what, code]), patience)
      .toEqual([
        ['waiting', 'stripe_unauthorized'],
        ['waiting', 'stripe_unauthorized'],
        ['waiting', 'stripe_unauthorized'],
        ['outcome', null],
      ])
    expect(workers.degraded()).toEqual([])
  })

  test('holds up no other event of its account', async () => {
    const { server, settings } = await withStripe('acct_one')
    server.faults.add({ path: /ch_1$/ }, { kind: 'server_error' }, { times: 1_000_000 })
    await ingest(database, ...many('acct_one', 3))
    await startWorkers(database, settings)
    await expect.poll(() => statusesOf('acct_one'), patience).toEqual(['pending', 'done', 'done'])
    await ingest(database, numbered('acct_one', 4))
    await expect.poll(() => statusesOf('acct_one'), patience).toEqual(['pending', 'done', 'done', 'done'])
    expect(await events.findOne({ status: 'pending' })).toMatchObject({ attempts: 0 })
  })

  test('is handed back at once when the work ends', async () => {
    const { server, settings } = await withStripe('acct_silent')
    server.faults.add({ path: /charges/ }, { kind: 'silent' })
    const workers = await startWorkers(database, settings)
    await ingest(database, numbered('acct_silent', 1))
    const asked = server.requests.waitFor({ path: /charges/ })
    workers.wake('acct_silent')
    await asked
    expect(await workers.drain(5_000)).toBe(true)
    expect(workers.isRunning()).toBe(false)
    expect(await statusesOf('acct_silent')).toEqual(['pending'])
    // Whoever comes next may go on with it at once.
    expect(await events.countDocuments({ $expr: { $lte: ['$next_attempt_at', '$$NOW'] } })).toBe(1)
    expect(await db.collection('billing.lanes').countDocuments({ worker: { $ne: null } })).toBe(0)
  })
})

describe('an event of an account that is not listed', () => {
  test('is parked, and handled once the account is listed', async () => {
    const first = await startWorkers(database, { unknownAccounts: 'park' })
    await ingest(database, numbered('acct_unknown', 1), numbered('acct_unlisted', 1))
    await expect.poll(() => count('parked'), patience).toBe(2)
    await first.drain(5_000)
    const accounts = [{ stripe_user_id: 'acct_unknown' }]
    await startWorkers(database, { unknownAccounts: 'park', accounts })
    await expect.poll(() => statusesOf('acct_unknown'), patience).toEqual(['done'])
    expect(await statusesOf('acct_unlisted')).toEqual(['parked'])
  })

  test('is handled once accounts need not be listed', async () => {
    const first = await startWorkers(database, { unknownAccounts: 'park' })
    await ingest(database, numbered('acct_later', 1))
    await expect.poll(() => count('parked'), patience).toBe(1)
    await first.drain(5_000)
    await startWorkers(database, { unknownAccounts: 'accept' })
    await expect.poll(() => statusesOf('acct_later'), patience).toEqual(['done'])
  })
})

describe('bytes that are no event', () => {
  test('fail by themselves and stop no other event', async () => {
    await ingest(database, numbered('acct_bytes', 1), numbered('acct_bytes', 2))
    await events.updateOne({ _id: 'acct_bytes:evt_1' }, [
      { $set: { payload: { $literal: Buffer.from('{') } } },
    ])
    const workers = await startWorkers(database)
    await expect.poll(() => statusesOf('acct_bytes'), patience).toEqual(['failed', 'done'])
    expect(workers.troubles).toContainEqual(['event_invalid', 'acct_bytes'])
  })
})

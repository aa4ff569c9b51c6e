import { type Document, MongoClient } from 'mongodb'
import { beforeEach, describe, expect, test } from 'vitest'
import { failureOf, type InboxStatus } from '../../../src/core/inbox-row.ts'
import { ensureCollections } from '../../../src/store/collections.ts'
import { rowOf } from '../../../src/store/inbox.ts'
import { openWorkStore } from '../../../src/store/inbox-work.ts'
import { Backlog } from '../../../src/store/intake/backlog.ts'
import { openTestDatabase } from '../../support/database.ts'
import { deliveryOf, numberedEvent } from '../../support/deliveries.ts'

const { db } = await openTestDatabase()
await ensureCollections(db)
const events = db.collection<{ _id: string; status: InboxStatus }>('billing.events')
const store = openWorkStore(db, 10)
const failure = failureOf(new TypeError('as a handler might'))

beforeEach(() => events.deleteMany({}))

const secondsAgo = (seconds: number): Date => new Date(Date.now() - seconds * 1000)

/** Stores events of an account, received at the given times, and returns the ids of their rows. */
const receive = async (account: string, ...times: readonly Date[]): Promise<readonly string[]> => {
  const rows = times.map((receivedAt, index) => {
    const event = { ...numberedEvent(index), account }
    return rowOf({ delivery: deliveryOf(event), source: 'webhook' }, receivedAt)
  })
  await events.insertMany(rows)
  return rows.map(({ _id }) => _id)
}

const countedNow = async () => {
  const backlog = new Backlog(db, 10_000)
  await backlog.start()
  backlog.end()
  return backlog.state
}

test('no more are told than may wait, whatever their status', async () => {
  const ids = await receive('acct_1', secondsAgo(3), secondsAgo(2), secondsAgo(1))
  await events.updateMany({ _id: { $in: ids.slice(0, 2) } }, { $set: { status: 'failed' } })
  const backlog = new Backlog(db, 2)
  await backlog.start()
  backlog.end()
  expect(backlog.state.depth).toBe(2)
})

test('what was let in counts against the limit, though it could not be counted', async () => {
  const away = new MongoClient('mongodb://127.0.0.1:1', { serverSelectionTimeoutMS: 50 })
  const backlog = new Backlog(away.db('away'), 2)
  backlog.add()
  backlog.add()
  await backlog.start()
  backlog.end()
  await away.close()
  expect(backlog.isFull).toBe(true)
})

describe('the event that waits longest', () => {
  test('is the oldest of all accounts', async () => {
    const [oldest, older, newer] = [secondsAgo(90), secondsAgo(60), secondsAgo(2)]
    await receive('acct_1', older, newer)
    await receive('acct_2', oldest, newer)
    await receive('acct_3', newer)
    expect(await countedNow()).toEqual({ depth: 5, dead: 0, oldest })
  })

  test('is one that rests, whatever came for its account since', async () => {
    const [hourAgo, justNow] = [secondsAgo(3_600), secondsAgo(2)]
    const [waits = ''] = await receive('acct_1', hourAgo, justNow)
    await store.postpone([waits], 30_000)
    expect(await countedNow()).toEqual({ depth: 2, dead: 0, oldest: hourAgo })
  })

  test('is one that rests, whichever of its account is due first', async () => {
    const [hourAgo, justNow] = [secondsAgo(3_600), secondsAgo(2)]
    const [old = '', young = ''] = await receive('acct_1', hourAgo, justNow)
    await store.postpone([old], 30_000)
    await store.postpone([young], 1_000)
    expect(await countedNow()).toEqual({ depth: 2, dead: 0, oldest: hourAgo })
  })

  test('is one that failed and is tried again', async () => {
    const [minuteAgo, justNow] = [secondsAgo(60), secondsAgo(2)]
    const [fails = ''] = await receive('acct_1', minuteAgo, justNow)
    await store.fail(fails, failure, 0)
    expect(await events.countDocuments({ status: 'failed' })).toBe(1)
    expect(await countedNow()).toEqual({ depth: 2, dead: 0, oldest: minuteAgo })
  })

  test('is none of those that are done, or wait for a person', async () => {
    for (const status of ['done', 'ignored', 'parked', 'dead'] as const) {
      await receive(`acct_${status}`, secondsAgo(60))
      await events.updateMany({ status: 'pending' }, { $set: { status } })
    }
    expect(await countedNow()).toEqual({ depth: 0, dead: 1, oldest: null })
  })

  test('is found without reading those that rest beside it', async () => {
    const hourAgo = secondsAgo(3_600)
    const rest = Array.from({ length: 999 }, (_, index) => secondsAgo(3_599 - index))
    const ids = await receive('acct_1', hourAgo, ...rest)
    // The oldest is due last.
    for (const [from, pauseMs] of [
      [500, 1_000],
      [0, 30_000],
    ] as const)
      await store.postpone(ids.slice(from, from + 500), pauseMs)
    await db.command({ profile: 2 })
    expect(await countedNow()).toEqual({ depth: 1_000, dead: 0, oldest: hourAgo })
    await db.command({ profile: 0 })
    const reads = await db.collection<Document>('system.profile').find({ op: 'query' }).toArray()
    expect(reads.map(({ ns, docsExamined }) => [ns, docsExamined])).toEqual([
      [`${db.databaseName}.billing.events`, 1],
    ])
  })
})

describe('the events that were given up', () => {
  test('are counted in the index alone, and told with each count', async () => {
    const ids = await receive('acct_1', ...Array.from({ length: 30 }, () => secondsAgo(60)))
    await events.updateMany({ _id: { $in: ids.slice(0, 20) } }, { $set: { status: 'dead' } })
    const told: number[] = []
    const backlog = new Backlog(db, 10_000, ({ dead }) => told.push(dead))
    await backlog.start()
    backlog.end()
    expect(told).toEqual([20])
    const counting = [{ $match: { status: 'dead' } }, { $group: { _id: 1, n: { $sum: 1 } } }]
    const explained = await events.aggregate(counting).explain('executionStats')
    expect(JSON.stringify(explained)).toContain('"totalDocsExamined":0')
  })
})

import { MongoClient } from 'mongodb'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { BillingSyncError } from '../../src/errors.ts'
import type { Claim, Lane, SinkName } from '../../src/ports/outbox-store.ts'
import { openJobsSink } from '../../src/sinks/jobs-sink.ts'
import { openQueueSink } from '../../src/sinks/queue-sink.ts'
import type { Sink } from '../../src/sinks/sink.ts'
import { ensureCollections } from '../../src/store/collections.ts'
import { MongoOutbox } from '../../src/store/outbox.ts'
import { commitChanges } from '../support/commits.ts'
import { openTestDatabase } from '../support/database.ts'
import { openTestRedis } from '../support/redis-server.ts'
import { newAccount, startLanes } from './conformance.ts'

const { client, db, uri } = await openTestDatabase()
beforeAll(() => ensureCollections(db))
const redis = await openTestRedis()
const outbox = db.collection('billing.outbox')
const committer = { client, db, targets: { queue: 'redis', sockets: false } } as const
const patience = { timeout: 15_000, interval: 10 }

const isConnected = (sink: Sink) =>
  sink.send([]).then(
    () => true,
    () => false,
  )

/** Rows that are held in memory, to be sent. */
const held = () => outbox.countDocuments({ next_attempt_at: { $ne: null } })

test('a receiver that does not answer is given eight accounts at once', async () => {
  const sink = openQueueSink(redis.url, 'of_this_test')
  await expect.poll(() => isConnected(sink), patience).toBe(true)
  const accounts = Array.from({ length: 12 }, newAccount)
  for (const account of accounts) await commitChanges(committer, account)
  process.kill(redis.pid, 'SIGSTOP')
  // Only now: lanes that sweep while the accounts come in would have delivered some.
  const { lanes, told } = startLanes(sink, new MongoOutbox(db))
  for (const account of accounts) lanes.wake(account)
  await expect.poll(held, patience).toBeGreaterThanOrEqual(8)
  // By the time that this is committed, any other would be held too.
  const last = newAccount()
  await commitChanges(committer, last)
  lanes.wake(last)
  expect(await held()).toBe(8)
  process.kill(redis.pid, 'SIGCONT')
  await expect.poll(() => told.delivered, patience).toBe(accounts.length + 1)
})

/** An outbox on a connection of its own, which a test can close; each look for accounts waits for a promise. */
class LookedAtOutbox extends MongoOutbox {
  readonly client: MongoClient
  readonly begun: Promise<void>
  readonly #held: Promise<void>
  #begin = (): void => undefined
  /** The looks so far. */
  readonly looks: Promise<unknown>[] = []

  constructor(held: Promise<void> = Promise.resolve()) {
    const own = new MongoClient(uri)
    super(own.db())
    this.client = own
    this.#held = held
    this.begun = new Promise((resolve) => {
      this.#begin = resolve
    })
    onTestFinished(() => own.close())
  }

  override waitingAccounts(sink: SinkName): Promise<readonly string[]> {
    const look = this.#held.then(() => super.waitingAccounts(sink))
    this.looks.push(look.catch(() => undefined))
    this.#begin()
    return look
  }
}

const takesAll = (): Sink => openJobsSink(async () => undefined)

test('a look for accounts that is under way is waited for at the end', async () => {
  const store = new LookedAtOutbox()
  const { lanes, told } = startLanes(takesAll(), store)
  await store.begun
  await lanes.close()
  await store.client.close()
  await Promise.all(store.looks)
  expect(told.failures).toEqual([])
})

test('a look for accounts that outlasts the end is no failure', async () => {
  let release = (): void => undefined
  const store = new LookedAtOutbox(
    new Promise((resolve) => {
      release = resolve
    }),
  )
  const { lanes, told } = startLanes(takesAll(), store)
  await store.begun
  await lanes.close()
  await store.client.close()
  release()
  await Promise.all(store.looks)
  expect(told.failures).toEqual([])
})

/** An outbox that can't note what was sent, once. */
class ForgetfulOutbox extends MongoOutbox {
  #hasForgotten = false

  override settle(lane: Lane, rows: Claim['rows']): Promise<void> {
    if (this.#hasForgotten) return super.settle(lane, rows)
    this.#hasForgotten = true
    return Promise.reject(new BillingSyncError('mongodb_unavailable', { reason: 'for this test' }))
  }
}

test('a database that does not take what was sent is no outage of the receiver', async () => {
  const account = newAccount()
  await commitChanges(committer, account)
  const { lanes, told } = startLanes(takesAll(), new ForgetfulOutbox(db))
  const outages: boolean[] = []
  const looked = expect.poll(() => {
    outages.push(lanes.isUnavailable)
    return told.delivered
  }, patience)
  await looked.toBeGreaterThan(0)
  expect(told.failures).toContain('mongodb_unavailable')
  expect(outages).not.toContain(true)
})

/** A receiver that answers as told. */
const answering = (answer: () => void): Sink => openJobsSink(async () => answer())

test('a receiver that refuses what it gets is there again', async () => {
  const answers = ['sink_unavailable', 'sink_rejected'] as const
  let sends = 0
  const sink = answering(() => {
    sends += 1
    throw new BillingSyncError(answers[sends - 1] ?? 'sink_rejected', {
      sink: 'queue',
      reason: 'for this test',
    })
  })
  await commitChanges(committer, newAccount())
  const { lanes, told } = startLanes(sink, new MongoOutbox(db))
  await expect
    .poll(() => told.failures.includes('sink_unavailable') && lanes.isUnavailable, patience)
    .toBe(true)
  await expect
    .poll(() => told.failures.includes('sink_rejected') && !lanes.isUnavailable, patience)
    .toBe(true)
})

test('a receiver that another process has reached meanwhile is there again', async () => {
  const sink = answering(() => {
    throw new BillingSyncError('sink_unavailable', { sink: 'queue', reason: 'for this test' })
  })
  const account = newAccount()
  await commitChanges(committer, account)
  const { lanes } = startLanes(sink, new MongoOutbox(db))
  await expect.poll(() => lanes.isUnavailable, patience).toBe(true)
  await outbox.updateMany({ status: 'pending' }, { $set: { status: 'sent' } })
  await expect.poll(() => lanes.isUnavailable, patience).toBe(false)
})

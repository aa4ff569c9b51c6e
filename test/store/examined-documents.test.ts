// How much the server looks at for what is asked of it. Of several indexes it tries all on the first hundred answers; what is
// asked for is mostly the newest, and what is settled is what has waited longest: exactly what indexes that serve something
// else begin with, so that such a one would win, and be walked to its end.

import { beforeAll, expect, test } from 'vitest'
import { settle } from '../../src/core/inbox-row.ts'
import { MongoAccountReader } from '../../src/store/account-reader.ts'
import { openAccountRow } from '../../src/store/accounts.ts'
import { wantedBackfills } from '../../src/store/backfill-wanted.ts'
import { ensureCollections } from '../../src/store/collections.ts'
import { commitBatch } from '../../src/store/commit-batch.ts'
import { rowOf } from '../../src/store/inbox.ts'
import { openWorkStore } from '../../src/store/inbox-work.ts'
import { Backlog } from '../../src/store/intake/backlog.ts'
import { queueOnly } from '../../src/store/outbox-rows.ts'
import { selectStoredEvents } from '../../src/store/stored-events.ts'
import { eachStoredOutline } from '../../src/store/stored-objects.ts'
import type { WorkCollection } from '../../src/unit-of-work/reader.ts'
import { openTestDatabase } from '../support/database.ts'
import { fixtureAccount as account, deliveryOf, numberedEvent } from '../support/deliveries.ts'

const { client, db } = await openTestDatabase()
await ensureCollections(db)

const stored = 2_000
const asked = 300

/** The server may look at each document that it answers once more: while it tries its indexes. */
const mostExamined = 2 * asked

const numbers = Array.from({ length: stored }, (_, index) => index)
const newest = numbers.slice(-asked)

/** As Stripe makes ids: their order is not that of time. */
const scattered = (index: number): string => `${(index * 7_919) % 10_007}_${index}`

/** Runs the work, and resolves with how many documents the server looked at. */
const examinedBy = async (work: () => Promise<unknown>): Promise<number> => {
  await db.command({ profile: 2 })
  await work()
  await db.command({ profile: 0 })
  const profile = db.collection<{ readonly ns: string; readonly docsExamined?: number }>('system.profile')
  const entries = await profile.find({ ns: { $ne: profile.namespace } }).toArray()
  await profile.drop()
  expect(entries.length).toBeGreaterThan(0)
  return entries.reduce((sum, { docsExamined = 0 }) => sum + docsExamined, 0)
}

const filling = (index: number) => ({
  ...{ _id: `${account}:${scattered(index)}`, stripe_id: scattered(index), stripe_user_id: account },
  ...{ livemode: true, status: 'paid', created: index, created_at: new Date(index), customer: 'cus_1' },
  ...{ invoice: `in_${scattered(index)}`, payment_intent: `pi_${scattered(index)}` },
  charges: [`ch_${scattered(index)}`],
  payment: { payment_intent: `pi_${scattered(index)}` },
  subscription: index < stored - asked ? 'sub_old' : 'sub_new',
})

const looked = ['billing.charges', 'billing.invoices', 'billing.invoice_payments'] as const

beforeAll(async () => {
  for (const name of looked)
    await db.collection<{ _id: string }>(name).insertMany(numbers.toReversed().map(filling))
})

test.each<[WorkCollection, string, string]>([
  ['billing.charges', 'invoice', 'in'],
  ['billing.charges', 'payment_intent', 'pi'],
  ['billing.invoices', 'charges', 'ch'],
  ['billing.invoice_payments', 'invoice', 'in'],
  ['billing.invoice_payments', 'payment.payment_intent', 'pi'],
])('documents of %s by %s', async (collection, field, prefix) => {
  const reader = new MongoAccountReader(db, account)
  const values = newest.map((index) => `${prefix}_${scattered(index)}`)
  const examined = await examinedBy(async () => {
    expect(await reader.byField({ collection, field }, values)).toHaveLength(asked)
  })
  expect(examined).toBeLessThanOrEqual(mostExamined)
})

test.each(looked)('documents of %s by their ids', async (collection) => {
  const reader = new MongoAccountReader(db, account)
  const ids = newest.map((index) => `${account}:${scattered(index)}`)
  const examined = await examinedBy(async () => {
    expect(await reader.byDocumentIds(collection, ids)).toHaveLength(asked)
  })
  expect(examined).toBeLessThanOrEqual(mostExamined)
})

test('ids of the newest invoices, by their subscription', async () => {
  const reader = new MongoAccountReader(db, account)
  const lookup = { collection: 'billing.invoices', field: 'subscription' } as const
  const examined = await examinedBy(async () => {
    expect(await reader.idsByField(lookup, ['sub_new'])).toHaveLength(asked)
  })
  expect(examined).toBeLessThanOrEqual(mostExamined)
})

test('outlines of the newest customers, which have no address', async () => {
  const written = { created_at: new Date(0), updated_at: new Date(0) }
  const rows = numbers.map((index) => ({
    ...{ _id: `${account}:cus_${scattered(index)}`, stripe_id: `cus_${scattered(index)}`, sync: written },
    ...{ stripe_user_id: account, livemode: true, created: index },
    email: index < stored - asked ? `${scattered(index)}@example.com` : null,
  }))
  await db.collection<{ _id: string }>('billing.customers').insertMany(rows)
  const ids: string[] = []
  const examined = await examinedBy(() =>
    eachStoredOutline(
      db,
      {
        ...{ account, collection: 'billing.customers', livemode: true },
        ...{ since: new Date((stored - asked) * 1_000), until: null },
      },
      ({ id }) => ids.push(id),
    ),
  )
  expect(ids).toHaveLength(asked)
  expect(examined).toBeLessThanOrEqual(mostExamined)
})

interface NamedRow {
  readonly _id: string
}

test('accounts that are there, where one is new', async () => {
  const accounts = db.collection<NamedRow>('billing.accounts')
  await accounts.insertMany(
    numbers.map((index) => ({ _id: `acct_${index}`, stripe_user_id: `acct_${index}`, seq: 0 })),
  )
  const examined = await examinedBy(() => openAccountRow(db, 'acct_new'))
  await accounts.deleteMany({})
  expect(examined).toBeLessThanOrEqual(2)
})

test('positions of backfills, where events are missing of one account', async () => {
  const gap = { since: new Date(0), until: new Date(1) }
  await db.collection<NamedRow>('billing.cursors').insertMany([
    ...numbers.map((index) => ({
      _id: `acct_${index}:list`,
      stripe_user_id: account,
      resource: 'invoices',
    })),
    { _id: `${account}:catch-up`, stripe_user_id: account, resource: 'events', gap } as NamedRow,
  ])
  const examined = await examinedBy(async () => {
    const wanted = await wantedBackfills(db, { lists: ['invoices'], livemode: true })
    expect(wanted).toEqual([{ account, since: gap.since }])
  })
  expect(examined).toBeLessThanOrEqual(1)
})

const inbox = db.collection<{ _id: string; status: string }>('billing.events')

/** Fills the inbox with events that wait, and returns their ids in the order of their turn. */
const receive = async (): Promise<readonly string[]> => {
  await inbox.deleteMany({})
  const rows = numbers.map((index) => {
    const event = { ...numberedEvent(index), id: `evt_${scattered(index)}` }
    return rowOf({ delivery: deliveryOf(event), source: 'webhook' }, new Date())
  })
  await inbox.insertMany(rows)
  return rows.map(({ _id }) => _id)
}

test('events that a batch settles, of many that wait', async () => {
  const first = (await receive()).slice(0, asked)
  await openAccountRow(db, account)
  const expected = { status: 'pending', attempts: 0 } as const
  const now = new Date('2100-01-01T00:00:00Z')
  const settlements = first.map((rowId) => ({ rowId, expected, next: settle(expected, 'unchanged', now) }))
  const commit = { account, seq: 0, now, writes: [], notices: [], settlements }
  const examined = await examinedBy(async () => {
    expect(await commitBatch(commit, { client, db, retentionMs: 60_000, targets: queueOnly })).toBe(true)
  })
  expect(await inbox.countDocuments({ status: 'done' })).toBe(asked)
  expect(examined).toBeLessThanOrEqual(mostExamined)
})

test('events that are put off, of many that wait', async () => {
  const first = (await receive()).slice(0, asked)
  const examined = await examinedBy(() => openWorkStore(db, asked).postpone(first, 60_000))
  expect(await inbox.countDocuments({ next_attempt_at: { $ne: null } })).toBe(asked)
  expect(examined).toBeLessThanOrEqual(mostExamined)
})

test('events that are counted while they wait, of many that are done', async () => {
  const rows = await receive()
  await inbox.updateMany({ _id: { $in: rows.slice(asked) } }, { $set: { status: 'done' } })
  const backlog = new Backlog(db, stored)
  const examined = await examinedBy(() => backlog.start())
  backlog.end()
  expect(backlog.state.depth).toBe(asked)
  expect(examined).toBeLessThanOrEqual(mostExamined)
})

test('events that no longer wait for their account to be listed, of many that are done', async () => {
  const rows = await receive()
  await inbox.updateMany({}, { $set: { status: 'done' } })
  await inbox.updateMany({ _id: { $in: rows.slice(0, asked) } }, { $set: { status: 'parked' } })
  const examined = await examinedBy(() => openWorkStore(db, asked).unpark('all'))
  expect(await inbox.countDocuments({ status: 'pending' })).toBe(asked)
  expect(examined).toBeLessThanOrEqual(mostExamined)
})

test('stored events of two statuses, of many that are done', async () => {
  const rows = await receive()
  await inbox.updateMany({}, { $set: { status: 'done' } })
  await inbox.updateMany({ _id: { $in: rows.slice(-asked) } }, { $set: { status: 'parked' } })
  const everything = { ids: [], accounts: [], since: null, until: null, acceptsType: null }
  const read: string[] = []
  const examined = await examinedBy(async () => {
    const stored = await selectStoredEvents(db, { ...everything, statuses: ['dead', 'parked'] })
    for await (const { rowId } of stored.rows) read.push(rowId)
  })
  expect(read).toHaveLength(asked)
  expect(examined).toBeLessThanOrEqual(mostExamined)
})

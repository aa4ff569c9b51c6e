import { describe, expect, test } from 'vitest'
import { ensureCollections } from '../../src/store/collections.ts'
import { receiveEvents } from '../../src/store/inbox.ts'
import { openWorkStore } from '../../src/store/inbox-work.ts'
import { openTestDatabase } from '../support/database.ts'
import { deliveryOfText, fixtureAccount, numberedEvent } from '../support/deliveries.ts'

const { db } = await openTestDatabase()
await ensureCollections(db)
const rows = db.collection<{ _id: string }>('billing.events')
const store = openWorkStore(db, 10)

/** Keeps events of so many bytes each, and tells by number which come in each batch until there is none. */
const batchesOf = async (...sizes: readonly number[]) => {
  await rows.deleteMany({})
  for (const [index, size] of sizes.entries())
    await receiveEvents(db, [deliveryOfText(JSON.stringify(numberedEvent(index)).padEnd(size))], 'webhook')
  const batches: { numbers: readonly number[]; isCut: boolean }[] = []
  for (;;) {
    const { events, isCut } = await store.dueEvents(fixtureAccount, 'fresh')
    if (events.length === 0) return batches
    const ids = events.map(({ rowId }) => rowId)
    batches.push({ numbers: ids.map((id) => Number(id.split('_').at(-1))), isCut })
    await rows.updateMany({ _id: { $in: ids } }, { $set: { status: 'done' } })
  }
}

const megabytes = (count: number): number => count * 1024 * 1024

describe('due events', () => {
  test('come with heavy ones in batches of their own', async () => {
    const batches = await batchesOf(1, megabytes(1), 1, megabytes(1), 1)
    expect(batches).toEqual([
      { numbers: [0, 2, 4], isCut: true },
      { numbers: [1, 3], isCut: false },
    ])
  })

  test('come in batches of at most 8 MiB', async () => {
    const batches = await batchesOf(megabytes(3), megabytes(3), megabytes(3))
    expect(batches).toEqual([
      { numbers: [0, 1], isCut: true },
      { numbers: [2], isCut: false },
    ])
  })
})

test('parked events of listed accounts and of the platform wait for their handling again', async () => {
  await rows.deleteMany({})
  const fieldsOf = { acct_listed: { listed: true }, acct_platform: { platform: true }, acct_unknown: {} }
  const accounts = Object.keys(fieldsOf)
  await db
    .collection<{ _id: string }>('billing.accounts')
    .insertMany(Object.entries(fieldsOf).map(([id, fields]) => ({ _id: id, stripe_user_id: id, ...fields })))
  await receiveEvents(
    db,
    accounts.map((account) => deliveryOfText(JSON.stringify({ ...numberedEvent(1), account }))),
    'webhook',
  )
  await rows.updateMany({}, { $set: { status: 'parked' } })
  await store.unpark('listed')
  expect(await rows.distinct('stripe_user_id', { status: 'pending' })).toEqual([
    'acct_listed',
    'acct_platform',
  ])
})

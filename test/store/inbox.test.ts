import { Binary } from 'mongodb'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Delivery } from '../../src/ports/pipeline-store.ts'
import { ensureCollections } from '../../src/store/collections.ts'
import { lookUpEvents, receiveEvents } from '../../src/store/inbox.ts'
import { openTestDatabase } from '../support/database.ts'
import { deepDeliveries } from '../support/deep-deliveries.ts'
import { deliveryOf, deliveryOfText, fixtureAccount, numberedEvent } from '../support/deliveries.ts'

const { db } = await openTestDatabase()
await ensureCollections(db)
const rows = db.collection<{ _id: string; payload: Binary }>('billing.events')

beforeEach(async () => {
  await rows.deleteMany({})
})

const receive = (...deliveries: Delivery[]) => receiveEvents(db, deliveries, 'replay')
const conflicts = async (...deliveries: Delivery[]) =>
  (await receive(...deliveries)).map(({ conflict }) => conflict)

const event = numberedEvent(1)
const fresh = { rowId: `${fixtureAccount}:evt_1`, state: { status: 'pending', attempts: 0 }, conflict: false }

describe('a new event', () => {
  test('is kept as pending with the bytes that came', async () => {
    const text = `  ${JSON.stringify(event, null, 3)}\t`
    expect(await receive(deliveryOfText(text))).toEqual([fresh])
    expect(await rows.findOne()).toEqual({
      _id: `${fixtureAccount}:evt_1`,
      event_id: 'evt_1',
      stripe_user_id: fixtureAccount,
      livemode: event.livemode,
      type: event.type,
      api_version: event.api_version,
      created: new Date(event.created * 1000),
      received_at: expect.any(Date),
      source: 'replay',
      status: 'pending',
      outcome: null,
      attempts: 0,
      next_attempt_at: null,
      error: null,
      processed_at: null,
      payload: new Binary(Buffer.from(text)),
    })
  })

  test('takes the name of its source', async () => {
    await receiveEvents(db, [deliveryOf(event)], 'webhook')
    expect(await rows.findOne()).toMatchObject({ source: 'webhook' })
  })

  test('is one per account, the id being the same', async () => {
    const other = { ...event, account: 'acct_other', type: 'charge.updated' }
    expect(await conflicts(deliveryOf(event), deliveryOf(other))).toEqual([false, false])
    expect((await rows.find().toArray()).map(({ _id }) => _id).sort()).toEqual(
      [`${fixtureAccount}:evt_1`, 'acct_other:evt_1'].sort(),
    )
  })
})

describe('an event that is known', () => {
  beforeEach(async () => {
    await receive(deliveryOf(event))
  })

  test('answers its row as it is stored and leaves it so', async () => {
    await rows.updateOne({}, { $set: { status: 'failed', attempts: 3 } })
    const before = await rows.findOne()
    const [row] = await receive(deliveryOf(event))
    expect(row).toEqual({ ...fresh, state: { status: 'failed', attempts: 3 } })
    expect(await rows.findOne()).toEqual(before)
  })

  test('stands beside new ones in one batch', async () => {
    await rows.updateOne({}, { $set: { status: 'done' } })
    const states = await receive(...[2, 1, 3].map((number) => deliveryOf(numberedEvent(number))))
    expect(states.map(({ state }) => state.status)).toEqual(['pending', 'done', 'pending'])
    expect(await rows.countDocuments()).toBe(3)
  })

  test.each([
    ['counted down by Stripe', { ...event, pending_webhooks: 7 }],
    ['without a count', { ...event, pending_webhooks: undefined }],
    ['in another order of keys', Object.fromEntries(Object.entries(event).reverse())],
    [
      'with nested keys in another order',
      { ...event, data: { object: Object.fromEntries(Object.entries(event.data.object).reverse()) } },
    ],
  ])('is the same %s', async (_title, same) => {
    expect(await conflicts(deliveryOf(same))).toEqual([false])
    expect(Buffer.from((await rows.findOne())?.payload.buffer ?? []).toString()).toBe(JSON.stringify(event))
  })

  test('is the same with other white space and escapes', async () => {
    const text = JSON.stringify(event, null, 2).replace('"charge"', '"\\u0063harge"')
    expect(await conflicts(deliveryOfText(text))).toEqual([false])
  })

  test.each([
    ['another type', { ...event, type: 'charge.updated' }],
    ['another time', { ...event, created: event.created + 1 }],
    ['another amount', { ...event, data: { object: { ...event.data.object, amount: 1 } } }],
    ['one field more', { ...event, data: { object: { ...event.data.object, extra: null } } }],
    ['a nested count', { ...event, data: { object: { ...event.data.object, pending_webhooks: 1 } } }],
  ])('conflicts with %s, and the first is kept', async (_title, different) => {
    expect(await conflicts(deliveryOf(different))).toEqual([true])
    expect(Buffer.from((await rows.findOne())?.payload.buffer ?? []).toString()).toBe(JSON.stringify(event))
  })

  test.each([
    ['a level more than MongoDB holds', 91],
    ['without end', 100_000],
  ])('is compared however deep it is nested: %s', async (_title, levels) => {
    const { same, different } = deepDeliveries(event, levels)
    expect(await conflicts(...same)).toEqual([true, true, true])
    await rows.deleteMany({})
    expect(await conflicts(...same, ...different)).toEqual([false, false, false, true, true])
    expect(await conflicts(...same, ...different)).toEqual([false, false, false, true, true])
  })
})

describe('one id twice in a batch', () => {
  test('is one row, answered to both', async () => {
    expect(await receive(deliveryOf(event), deliveryOf({ ...event, pending_webhooks: 5 }))).toEqual([
      fresh,
      fresh,
    ])
    expect(await rows.countDocuments()).toBe(1)
  })

  test('conflicts where the second differs, and the first is kept', async () => {
    const second = deliveryOf({ ...event, type: 'charge.updated' })
    expect(await conflicts(deliveryOf(event), second, deliveryOf(event))).toEqual([false, true, false])
    expect(await rows.findOne()).toMatchObject({ type: 'charge.succeeded' })
  })
})

describe('looking up events', () => {
  const lookUp = (...deliveries: Delivery[]) => lookUpEvents(db, deliveries, 'replay')

  test('stores nothing and leaves a new row to the commit', async () => {
    const delivery = deliveryOf(event)
    expect(await lookUp(delivery)).toEqual([{ ...fresh, newRow: { delivery, source: 'replay' } }])
    expect(await rows.countDocuments()).toBe(0)
  })

  test('answers a row that is there as it is stored', async () => {
    await receive(deliveryOf(event))
    await rows.updateOne({}, { $set: { status: 'failed', attempts: 3 } })
    const state = { status: 'failed', attempts: 3 }
    expect(await lookUp(deliveryOf(event))).toEqual([{ ...fresh, state }])
  })

  test('tells another event under the same id, stored or in the same batch', async () => {
    const other = deliveryOf({ ...event, type: 'charge.updated' })
    expect((await lookUp(deliveryOf(event), other)).map(({ conflict }) => conflict)).toEqual([false, true])
    await receive(deliveryOf(event))
    expect((await lookUp(other)).map(({ conflict }) => conflict)).toEqual([true])
  })
})

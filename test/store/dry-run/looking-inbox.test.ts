import { expect, test } from 'vitest'
import { LookingInbox } from '../../../src/store/dry-run/looking-inbox.ts'
import { receiveEvents } from '../../../src/store/inbox.ts'
import { openTestDatabase } from '../../support/database.ts'
import { deepDeliveries } from '../../support/deep-deliveries.ts'
import { deliveryOf, numberedEvent } from '../../support/deliveries.ts'

const { db } = await openTestDatabase()
const event = numberedEvent(1)

test.each([
  ['a level more than MongoDB holds', 91],
  ['without end', 100_000],
])('a dry run compares events as one that stores them does: %s', async (_, levels) => {
  const { same, different } = deepDeliveries(event, levels)
  const deliveries = [...same, ...different]
  const looked = await new LookingInbox(db).receive(deliveries)
  expect(looked.map(({ conflict }) => conflict)).toEqual([false, false, false, true, true])
  await receiveEvents(db, deliveries, 'replay')
  const stored = await new LookingInbox(db).receive(deliveries)
  expect(stored.map(({ conflict }) => conflict)).toEqual([false, false, false, true, true])
  await db.collection('billing.events').deleteMany({})
})

test('a dry run tells another event under an id that it has only seen', async () => {
  const others = [
    { ...event, pending_webhooks: 7 },
    { ...event, type: 'charge.updated' },
  ].map((other) => deliveryOf(other))
  const looked = await new LookingInbox(db).receive([deliveryOf(event), ...others])
  expect(looked.map(({ conflict }) => conflict)).toEqual([false, false, true])
})

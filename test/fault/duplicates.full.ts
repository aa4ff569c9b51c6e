// Stripe sends again whatever it is in doubt of. Here it sends everything a thousand times, to two processes at once: for
// `npm run test:faults`.

import type { Document } from 'mongodb'
import { expect, test } from 'vitest'
import { openTestDatabase } from '../support/database.ts'
import { numberedEvent } from '../support/deliveries.ts'
import { webhookSecret as secret, startServeForTest } from '../support/serve-process.ts'
import { deliver } from '../support/stripe/deliver.ts'
import { socketSecret } from '../support/support-client.ts'
import { untilStored } from '../support/until.ts'

/** How often each of the two processes gets each event. */
const copies = 500

const { db, uri } = await openTestDatabase()
const accounts = ['acct_storm1', 'acct_storm2', 'acct_storm3', 'acct_storm4']
const hundred = Array.from({ length: 100 }, (_, number) => ({
  ...numberedEvent(number),
  account: accounts[number % accounts.length] ?? '',
}))

/** Kinds of notices, by how many different ones there are and how many in all. */
const noticesOf = (collection: string, stages: readonly Document[]) =>
  db
    .collection(collection)
    .aggregate([
      ...stages,
      { $group: { _id: '$kind', objects: { $addToSet: '$stripe_id' }, all: { $sum: 1 } } },
      { $set: { objects: { $size: '$objects' } } },
    ])
    .toArray()
const ofEachRow = [{ $unwind: '$notices' }, { $replaceRoot: { newRoot: '$notices' } }]
const hundredNotices = [{ _id: 'charge.created', objects: hundred.length, all: hundred.length }]

test('a hundred events in a storm of copies to two processes count once', {
  timeout: 30 * 60_000,
}, async () => {
  const serves = await Promise.all(
    [1, 2].map(() => startServeForTest({ uri, env: { SOCKET_SECRET: socketSecret } })),
  )
  const results = await Promise.all(
    serves.map(({ webhooks: url }, index) =>
      deliver(hundred, { url, secret }, { copies, concurrency: 32, order: { shuffledBy: 1 + index } }),
    ),
  )
  expect(results.flat().filter(({ status }) => status !== 200)).toEqual([])
  const events = db.collection('billing.events')
  await untilStored(events, { status: 'done', outcome: 'applied' }, hundred.length)
  expect(await events.countDocuments()).toBe(hundred.length)
  expect(await db.collection('billing.charges').countDocuments()).toBe(hundred.length)
  await untilStored(db.collection('billing.outbox'), { status: 'pending' }, 0)
  for (const serve of serves) expect(await serve.stop()).toMatchObject({ exitCode: 0 })
  const handled = serves.flatMap(({ log }) => log.filter(({ msg }) => msg === 'event handled'))
  expect(handled.map(({ event_id }) => event_id).toSorted()).toEqual(hundred.map(({ id }) => id).toSorted())
  expect(await noticesOf('queue.jobs', [])).toEqual(hundredNotices)
  expect(await noticesOf('billing.outbox', ofEachRow)).toEqual(hundredNotices)
})

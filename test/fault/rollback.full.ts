// A primary dies with what no other server has: whatever was acknowledged is not part of it. Of `npm run test:faults`;
// `npm run test:faults:control` shows that it reports losses where one server's word is enough.

import { setTimeout as wait } from 'node:timers/promises'
import { MongoClient } from 'mongodb'
import { expect, onTestFinished, test } from 'vitest'
import { startReplicaSet } from '../support/replica-set.ts'
import { startServeForTest } from '../support/serve-process.ts'
import { untilStored } from '../support/until.ts'
import { startLoad } from './load.ts'
import { seededRandom } from './seeded-random.ts'

const set = await startReplicaSet()
const accounts = ['acct_1', 'acct_2']

/** How long webhooks come in while the primary is alone with what it is told. */
const aloneMs = 4_000

test('what was acknowledged is never rolled back', { timeout: 180_000 }, async () => {
  const serve = await startServeForTest({ uri: set.uri })
  const load = startLoad({ urls: () => [serve.webhooks], accounts, random: seededRandom(1) })
  const client = new MongoClient(set.uri)
  onTestFinished(() => client.close())
  const inbox = client.db().collection<{ _id: string; event_id: string }>('billing.events')
  await expect.poll(() => inbox.countDocuments({ status: 'done' }), { timeout: 60_000 }).toBeGreaterThan(50)

  await set.stopReplication()
  await wait(aloneMs)
  await set.crashPrimary()
  await load.stop()

  const stored = new Set(await inbox.distinct('event_id'))
  const lost = [...load.acknowledged].filter((id) => !stored.has(id))
  const counts = { acknowledged: load.acknowledged.size, lost: lost.length, refused: load.refused() }
  console.log(JSON.stringify(counts))
  expect(lost).toEqual([])
  await untilStored(inbox, { status: 'done' }, stored.size)
  expect(load.refused()).toBeGreaterThan(0)
})

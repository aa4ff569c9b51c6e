// What was owed to Redis when a `serve` starts that has none any more.

import { tmpdir } from 'node:os'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { openSinks } from '../../src/commands/opening/open-sinks.ts'
import { loadConfig } from '../../src/config/config.ts'
import { openDatabase } from '../../src/store/database.ts'
import { commitChanges } from '../support/commits.ts'
import { openTestDatabase } from '../support/database.ts'
import { listenForFile } from '../support/listening-server.ts'
import { untilStored } from '../support/until.ts'
import { newAccount } from './conformance.ts'

const config = await loadConfig({ mongodbUri: (await openTestDatabase()).uri }, tmpdir())
const silent = { onProgress: () => undefined, onEmbedded: () => undefined }
const database = await openDatabase(config, silent)
afterAll(() => database.close())
const { httpServer } = await listenForFile()
const { client, db } = database
const [outbox, jobs] = [db.collection('billing.outbox'), db.collection('queue.jobs')]

const committer = { client, db, targets: { queue: 'redis', sockets: false } } as const

const open = async (server: typeof httpServer | null) => {
  const listener = {
    onDelivered: () => undefined,
    onDeliveryFailed: () => undefined,
    onDeliveryDead: () => undefined,
  }
  const sinks = await openSinks({ config, database, redis: null, httpServer: server, listener })
  onTestFinished(() => sinks.close())
  return sinks
}

test('what was owed to Redis goes to queue.jobs, each notice once and as it is', async () => {
  const account = newAccount()
  const ids = [...(await commitChanges(committer, account, { charges: 2 }))]
  ids.push(...(await commitChanges(committer, account)))
  const owed = (await outbox.find({ stripe_user_id: account }).sort({ seq: 1 }).toArray()).flatMap(
    ({ notices }) => notices,
  )
  // One was stored already, by a process that died before it had marked it.
  const expires_at = new Date(Date.now() + 1_000_000)
  await jobs.insertOne({ _id: owed[0].id, ...owed[0], expires_at })
  await open(httpServer)
  await untilStored(outbox, { stripe_user_id: account }, 0)
  const stored = await jobs.find({ stripe_user_id: account }).sort({ _id: 1 }).toArray()
  expect(stored.map(({ id }) => id)).toEqual(ids)
  expect(stored).toEqual(owed.map((notice) => ({ _id: notice.id, ...notice, expires_at: expect.any(Date) })))
  expect(stored[0]?.expires_at).toEqual(expires_at)
  const later = stored[1]?.expires_at.getTime() - Date.now()
  expect(Math.abs(later - config.retentionMs)).toBeLessThan(10 * 60_000)
})

test('a command that ends leaves to Redis what waits for it', async () => {
  const account = newAccount()
  await commitChanges(committer, account)
  const sinks = await open(null)
  expect(await sinks.drain(0)).toBe(true)
  expect(await outbox.countDocuments({ stripe_user_id: account, status: 'pending' })).toBe(1)
  expect(await jobs.countDocuments({ stripe_user_id: account })).toBe(0)
})

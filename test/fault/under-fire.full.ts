// The whole of `serve` under load while everything is killed that can be: two hundred processes, or so many as FAULT_KILLS
// says. Its seed is printed; FAULT_SEED=<seed> repeats the choices.

import { MongoClient } from 'mongodb'
import { expect, onTestFinished, test } from 'vitest'
import { openHandling } from '../../src/commands/opening/open-handling.ts'
import { loadConfig } from '../../src/config/config.ts'
import { handleDeliveries } from '../../src/pipeline/handle-deliveries.ts'
import type { Delivery } from '../../src/ports/pipeline-store.ts'
import { ensureCollections } from '../../src/store/collections.ts'
import { seedCurrencies } from '../../src/store/currencies.ts'
import { comparableState } from '../oracle/comparable-state.ts'
import { asOpened, openTestDatabase } from '../support/database.ts'
import { deliveryOfText } from '../support/deliveries.ts'
import { prepareMongodServer } from '../support/mongod-server.ts'
import { allStrikes, openFire, type Strike } from './fire.ts'
import { startLoad } from './load.ts'
import { documentsOf } from './paid-invoice.ts'
import { seededRandom } from './seeded-random.ts'

const seed = Number(process.env.FAULT_SEED ?? Date.now() % 1_000_000)

/** How many processes are killed, in whole rounds; everything else is struck a tenth as often. */
const kills = Number(process.env.FAULT_KILLS ?? 200)
const killsOfARound = 10
const rounds = Math.ceil(kills / killsOfARound)
const timeoutMs = 300_000 + kills * 9_000

/** How long everything may take to come to rest after the last strike: what waits then grows with their number. */
const restMs = 90_000 + kills * 300

const mongod = await prepareMongodServer()
const calm = await openTestDatabase()
await ensureCollections(calm.db)
await seedCurrencies(calm.db)
const accounts = ['acct_fire1', 'acct_fire2', 'acct_fire3', 'acct_fire4']

/** Handles what the inbox holds, undisturbed. */
const handleCalmly = async (deliveries: readonly Delivery[]): Promise<void> => {
  const config = { ...(await loadConfig({}, '/')), stripeKey: undefined }
  const database = asOpened(calm)
  const { options } = await openHandling(config, database, {
    source: 'replay',
    effects: 'missing',
    reads: null,
  })
  for (let from = 0; from < deliveries.length; from += 200)
    await handleDeliveries(deliveries.slice(from, from + 200), options)
}

test('nothing acknowledged is lost and nothing is done twice', { timeout: timeoutMs }, async () => {
  console.log(`FAULT_SEED=${seed}`)
  const random = seededRandom(seed)
  await mongod.start()
  const fire = await openFire(mongod, random)
  const load = startLoad({ urls: fire.urls, accounts, random })
  const oneOfEach: readonly Strike[] = allStrikes.filter((kind) => kind !== 'kill serve')
  for (let round = 0; round < rounds; round += 1) {
    const kills: readonly Strike[] = Array.from({ length: killsOfARound }, () => 'kill serve')
    for (const kind of [...oneOfEach, ...kills].toSorted(() => random() - 0.5)) await fire.strike(kind)
  }
  await load.stop()

  const client = new MongoClient(mongod.uri)
  onTestFinished(() => client.close())
  const db = client.db()
  const inbox = db.collection('billing.events')
  const unsettled = () => inbox.countDocuments({ status: { $ne: 'done' } })
  await expect.poll(unsettled, { timeout: restMs, interval: 200 }).toBe(0)
  await fire.end()
  console.log(
    JSON.stringify({
      acknowledged: load.acknowledged.size,
      refused: load.refused(),
      ...Object.fromEntries(fire.struck),
    }),
  )

  const stored = new Set(await inbox.distinct('event_id'))
  expect([...load.acknowledged].filter((id) => !stored.has(id))).toEqual([])
  expect(load.acknowledged.size).toBeGreaterThan(0)
  expect(load.dishonest).toEqual([])

  const invoices = await db.collection('billing.invoices').countDocuments({ status: 'paid' })
  const messages = await db.collection('support.messages').distinct('dedupe_key')
  expect(messages).toHaveLength(invoices)
  expect(await db.collection('support.messages').countDocuments()).toBe(invoices)

  for (const account of accounts) {
    const rows = await inbox.find({ stripe_user_id: account }).toArray()
    await handleCalmly(rows.map(({ payload }) => deliveryOfText(String(payload), account)))
    const state = comparableState(await documentsOf(db, account))
    expect(state).toEqual(comparableState(await documentsOf(calm.db, account)))
  }
})

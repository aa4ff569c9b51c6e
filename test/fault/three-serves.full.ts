// Three processes of the built program over one MongoDB and one Redis: each event is handled once, whatever dies. For
// `npm run test:faults`.

import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { numberedEvent } from '../support/deliveries.ts'
import { startFaultServer } from '../support/fault-server.ts'
import { openTestRedis } from '../support/redis-server.ts'
import { type ServeProcess, webhookSecret as secret, startServeForTest } from '../support/serve-process.ts'
import { deliver } from '../support/stripe/deliver.ts'
import { connectSupportClient, type SupportClient, socketSecret } from '../support/support-client.ts'
import { until, untilStored } from '../support/until.ts'

const mongod = await startFaultServer()
const redis = await openTestRedis()
const rows = mongod.db.collection('billing.events')

/** Failpoints strike the process that is to die alone. */
const unnamed = new URL(mongod.uri)
unnamed.searchParams.delete('appName')

const patience = { timeout: 45_000, interval: 50 }
const accounts = [1, 2, 3, 4, 5, 6].map((number) => `acct_${number}`)

/** Sends events of all accounts, each about a charge of its own, to all who take them; notes what was sent. */
const openSending = () => {
  const sent: string[] = []
  return {
    sent,
    send: async (takers: readonly ServeProcess[], each: number): Promise<void> => {
      const events = accounts.flatMap((account, place) =>
        Array.from({ length: each }, (_, index) => ({
          ...numberedEvent(sent.length + place * each + index),
          account,
        })),
      )
      sent.push(...events.map(({ id }) => id))
      const results = await Promise.all(
        takers.map(({ webhooks: url }) => deliver(events, { url, secret }, { concurrency: 8 })),
      )
      expect(results.flat().filter(({ status }) => status !== 200)).toEqual([])
    },
  }
}

const start = (uri: string, role: string) =>
  startServeForTest({
    uri,
    args: ['--role', role],
    env: { REDIS_URL: redis.url, SOCKET_SECRET: socketSecret },
  })

/** Ids of the events that a process told to have handled. */
const handledBy = ({ log }: ServeProcess): readonly string[] =>
  log.filter(({ msg }) => msg === 'event handled').map(({ event_id }) => String(event_id))

/** Charges that a client was told of, each once. */
const chargesTold = ({ events }: SupportClient): readonly string[] => [
  ...new Set(
    events.filter(([event]) => event === 'billing:changed').map(([, notice]) => String(notice.stripe_id)),
  ),
]

const metricsOf = async ({ url }: ServeProcess): Promise<string> => (await fetch(`${url}/metrics`)).text()

const emptyRedis = async (): Promise<void> => {
  const admin = new Redis(redis.url)
  await admin.flushall()
  admin.disconnect()
}

/** Holds up the inserts of the process that is to die, which it makes in its transactions alone, once it has locked the account. */
const holdTransactions = () => mongod.fail(['insert'], { blockConnection: true, blockTimeMS: 2_000 })

test('three processes handle each event once and tell each client, whatever dies', {
  timeout: 150_000,
}, async () => {
  const [all, ingest, dying] = await Promise.all([
    start(unnamed.href, 'all'),
    start(unnamed.href, 'ingest'),
    start(mongod.uri, 'work'),
  ])
  const clients = await Promise.all(accounts.map((account) => connectSupportClient(all.url, account)))
  await Promise.all(clients.map((client) => client.ready()))

  const { sent, send } = openSending()
  const settled = () => untilStored(rows, { status: 'done', attempts: 0, outcome: 'applied' }, sent.length)
  const together = () => [...handledBy(all), ...handledBy(dying)].sort()
  const told = () => clients.map((client) => chargesTold(client).length * accounts.length)

  // Both that take webhooks get each event, and both that work get some of them.
  await until(async () => {
    await send([all, ingest], 8)
    await settled()
    return handledBy(dying).length > 0
  }, 'an event that the process that is to die has handled')
  await expect.poll(together, patience).toEqual([...sent].sort())
  expect(await rows.countDocuments()).toBe(sent.length)
  // What either did reaches the clients of the other.
  await expect.poll(told, patience).toEqual(accounts.map(() => sent.length))
  expect(await metricsOf(all)).toContain(`billing_sync_socket_clients ${accounts.length}\n`)
  expect(await metricsOf(ingest)).toContain('billing_sync_socket_clients 0\n')

  // One dies in its transaction, Redis is emptied, and the clients are away meanwhile.
  await Promise.all(clients.map((client) => client.cutOff()))
  await holdTransactions()
  await until(async () => {
    await send([ingest], 2)
    return mongod.isInTransaction()
  }, 'a transaction of the process that is to die')
  await dying.stop('SIGKILL')
  await emptyRedis()
  const diedAt = performance.now()
  await settled()
  expect(performance.now() - diedAt).toBeLessThan(45_000)
  expect(await metricsOf(all)).toMatch(/^billing_sync_takeovers_total [1-9]/m)
  await expect.poll(together, patience).toEqual([...sent].sort())
  expect(await mongod.db.collection('billing.charges').countDocuments()).toBe(sent.length)

  await Promise.all(clients.map((client) => client.comeBack()))
  await expect.poll(told, patience).toEqual(accounts.map(() => sent.length))
  expect((await all.stop()).exitCode).toBe(0)
})

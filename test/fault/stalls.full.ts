// A process whose one thread is kept busy: by payloads that are heavy to look into, and for longer than others wait for it.

import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { openDatabaseForTest } from '../support/database.ts'
import { numberedEvent } from '../support/deliveries.ts'
import { startFaultServer } from '../support/fault-server.ts'
import { hostileKinds } from '../support/hostile-entries.ts'
import { webhookSecret as secret, startServeForTest } from '../support/serve-process.ts'
import { type DeliveryResult, deliver } from '../support/stripe/deliver.ts'
import { until, untilStored } from '../support/until.ts'

const preload = fileURLToPath(new URL('stall.mjs', import.meta.url))
const stallingFor = (stallMs: number) => ({
  NODE_OPTIONS: `--import=${preload}`,
  STALL_MS: String(stallMs),
})

const mongod = await startFaultServer()

/** Failpoints strike the process that is to stall alone. */
const unnamed = new URL(mongod.uri)
unnamed.searchParams.delete('appName')

/** Slowest answer to a harmless delivery while heavy ones are looked into; the goal is a tenth of it. */
const slowestMs = 1_000

/** Two payloads each of about a megabyte. */
const heavy = hostileKinds
  .filter(({ name }) => name === 'metadata of 100,000 keys' || name === 'nesting of 100,000 levels')
  .flatMap(({ code, texts }) => texts.flatMap((text) => [1, 2].map(() => ({ code, text }))))
  .map(({ code, text }, number) => ({
    id: `evt_${number}`,
    body: text(number),
    status: code === null ? 'done' : 'dead',
  }))

/** Delivers harmless events one after another until told to stop. */
const keepDelivering = (url: string, first: number) => {
  const results: DeliveryResult[] = []
  let isOver = false
  const lane = async (): Promise<void> => {
    for (let number = first; !isOver; number += 1) {
      const event = { ...numberedEvent(number), account: 'acct_harmless' }
      results.push(...(await deliver([event], { url, secret })))
    }
  }
  const over = lane()
  const stop = async (): Promise<readonly DeliveryResult[]> => {
    isOver = true
    await over
    return results
  }
  return { results, stop }
}

const metricOf = async (url: string, name: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
}

describe('serve', { timeout: 120_000 }, () => {
  test('answers others while it looks into heavy payloads', async () => {
    const { db, uri } = await openDatabaseForTest()
    const events = db.collection('billing.events')
    const serve = await startServeForTest({ uri })
    const load = keepDelivering(serve.webhooks, 1_000)
    await until(() => load.results.length > 20, 'twenty answers')
    const bodies = heavy.map(({ body }) => body)
    const answers = await deliver(bodies, { url: serve.webhooks, secret })
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    for (const { id, status } of heavy) await untilStored(events, { event_id: id, status })
    const results = await load.stop()
    const slowest = Math.max(...results.map(({ ms }) => ms))
    console.log(`${results.length} answers, the slowest after ${Math.round(slowest)} ms`)
    expect(results.filter(({ status }) => status !== 200)).toEqual([])
    expect(slowest).toBeLessThan(slowestMs)
  })

  test.each([
    ['3 s', 3_000],
    ['longer than its claim', 12_000],
  ])('that stands still for %s loses nothing and does nothing twice', async (_long, stallMs) => {
    const { db, uri } = await openDatabaseForTest()
    const events = db.collection('billing.events')
    const stalling = await startServeForTest({ uri, env: stallingFor(stallMs) })
    const other = await startServeForTest({ uri })
    const loads = [keepDelivering(stalling.webhooks, 1_000), keepDelivering(other.webhooks, 100_000)]
    await until(() => loads.every(({ results }) => results.length > 50), 'fifty answers of each')
    process.kill(stalling.pid, 'SIGUSR2')
    const before = loads[0]?.results.length ?? 0
    await until(() => (loads[0]?.results.length ?? 0) > before + 50, 'fifty answers after it')
    const results = (await Promise.all(loads.map((load) => load.stop()))).flat()
    expect(await metricOf(stalling.url, 'nodejs_eventloop_lag_max_seconds')).toBeGreaterThan(2)
    const stoodStill = stalling.log.filter(({ msg }) => String(msg).startsWith('the process stood still'))
    expect(Math.max(...stoodStill.map(({ ms }) => Number(ms)))).toBeGreaterThan(stallMs - 1_000)
    await until(async () => (await fetch(`${stalling.url}/readyz`)).ok, 'a process that is ready again')
    const acknowledged = results.filter(({ status }) => status === 200)
    await untilStored(events, { status: { $ne: 'done' } }, 0)
    expect(await events.countDocuments()).toBeGreaterThanOrEqual(acknowledged.length)
    const notices = await db.collection('queue.jobs').find({ kind: 'charge.created' }).toArray()
    expect(new Set(notices.map(({ stripe_id }) => stripe_id)).size).toBe(notices.length)
    expect(notices).toHaveLength(await db.collection('billing.charges').countDocuments())
    expect(await stalling.stop()).toMatchObject({ exitCode: 0 })
    expect(await other.stop()).toMatchObject({ exitCode: 0 })
  })

  test('that stands still in its transaction is relieved, and commits nothing afterwards', async () => {
    const { db } = mongod
    const events = db.collection('billing.events')
    const start = (uri: string, role: string, env = {}) =>
      startServeForTest({ uri, args: ['--role', role], env })
    const ingest = await start(unnamed.href, 'ingest')
    // Twice as long as its claim holds.
    const stalling = await start(mongod.uri, 'work', stallingFor(20_000))
    // All that it inserts is in its transactions, once it has locked the account.
    await mongod.fail(['insert'], { blockConnection: true, blockTimeMS: 3_000 }, 1)
    const sent = [1, 2, 3].map((number) => ({ ...numberedEvent(number), account: 'acct_stalled' }))
    await deliver(sent, { url: ingest.webhooks, secret })
    await until(mongod.isInTransaction, 'a transaction of the process that is to stall')
    process.kill(stalling.pid, 'SIGUSR2')
    const heir = await start(unnamed.href, 'work')
    await untilStored(events, { status: 'done' }, sent.length)
    expect(await metricOf(heir.url, 'billing_sync_takeovers_total')).toBeGreaterThanOrEqual(1)
    const lost = () => metricOf(stalling.url, 'billing_sync_commits_lost_total')
    await until(async () => (await lost()) > 0, 'a commit that the process that stalled has lost')
    // Once it has lost its commit it looks again, and may say that it finds nothing left to do.
    const applied = [stalling, heir].map(
      ({ log }) => log.filter(({ msg, outcome }) => msg === 'event handled' && outcome === 'applied').length,
    )
    expect(applied).toEqual([0, sent.length])
    const notices = await db.collection('queue.jobs').distinct('id', { kind: 'charge.created' })
    expect(notices).toHaveLength(sent.length)
    for (const serve of [stalling, heir, ingest]) expect(await serve.stop()).toMatchObject({ exitCode: 0 })
  })
})

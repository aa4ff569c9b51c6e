import { beforeEach, describe, expect, test } from 'vitest'
import { openTestDatabase } from '../../support/database.ts'
import { loadEvent } from '../../support/fixture-files.ts'
import { runServe, startServeForTest, webhookSecret } from '../../support/serve-process.ts'
import { deliver } from '../../support/stripe/deliver.ts'
import type { EventRecord } from '../../support/stripe/event-record.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { PLATFORM_KEYS } from '../../support/stripe/world.ts'

const { db, uri } = await openTestDatabase()
const day = 24 * 60 * 60
const patience = { timeout: 20_000, interval: 50 }
const lists = { path: '/v1/events' }
const setClock = new URL('../../fault/set-clock.mjs', import.meta.url).href

beforeEach(async () => {
  for (const { name } of await db.listCollections().toArray()) await db.collection(name).deleteMany({})
})

/** One account that was renamed twice, an hour ago, and two endpoints that nobody listened at. */
const playMissedEvents = async () => {
  const played = await playStripe()
  const { world } = played
  world.clock.advance(-3_600)
  const account = world.account('acct_1')
  const created = account.create('customer', { name: 'Ann' })
  const events = ['Anna', 'Annabel'].map((name) => {
    world.clock.advance(60)
    return account.update('customer', created.id, { name }).events[0]
  })
  const [second, third] = events
  const [first] = created.events
  if (first === undefined || second === undefined || third === undefined)
    throw new TypeError('three are told')
  await insertAccount('acct_1')
  return { ...played, account, events: [first, second, third] as const }
}

const insertAccount = (id: string, fields: object = {}) =>
  db
    .collection<{ _id: string }>('billing.accounts')
    .insertOne({ _id: id, ...{ stripe_user_id: id, seq: 0 }, ...fields })

const start = (
  { server }: { readonly server: { readonly url: string } },
  env: Readonly<Record<string, string>> = {},
) =>
  startServeForTest({
    uri,
    args: ['--catch-up'],
    env: {
      STRIPE_SECRET_KEY: PLATFORM_KEYS.test,
      STRIPE_API_BASE: server.url,
      BILLING_SYNC_HYDRATE: 'never',
      ...env,
    },
  })

const statuses = async (): Promise<Readonly<Record<string, string>>> =>
  Object.fromEntries(
    (await db.collection('billing.events').find().toArray()).map(({ event_id, status }) => [
      event_id,
      status,
    ]),
  )

const allDone = (events: readonly EventRecord[]) => Object.fromEntries(events.map(({ id }) => [id, 'done']))

const caughtUp = ({ msg }: Readonly<Record<string, unknown>>): boolean =>
  msg === 'caught up with what Stripe lists'

describe('serve --catch-up', () => {
  test('finds events that were missed before and after one that came', async () => {
    const life = await playMissedEvents()
    const held = life.server.hold({ ...lists, account: 'acct_1' })
    const serve = await start(life)
    await life.server.requests.waitFor({ ...lists, account: 'acct_1' })
    // New webhooks are taken while the list is still on its way.
    const [delivered] = await deliver([life.events[1]], { url: serve.webhooks, secret: webhookSecret })
    expect(delivered?.status).toBe(200)
    await expect.poll(statuses, patience).toEqual(allDone([life.events[1]]))
    held.release()

    await serve.awaitLine(caughtUp)
    await expect.poll(statuses, patience).toEqual(allDone(life.events))
    expect(await db.collection('billing.customers').findOne()).toMatchObject({ name: 'Annabel' })
    const rows = await db.collection('billing.events').find().toArray()
    expect(new Set(rows.map(({ source }) => source))).toEqual(new Set(['webhook']))
    expect((await serve.stop()).exitCode).toBe(0)
  })

  test('finds what is handled, be its type yet to come, and leaves the rest', async () => {
    const life = await playMissedEvents()
    const { account } = life
    const invoice = account.create('invoice', { customer: account.create('customer').id }).id
    const future = account.emitAbout('invoice.of_the_future', 'invoice', invoice)
    account.emit('terminal.reader.action_succeeded', { id: 'tmr_1', object: 'terminal.reader' })
    account.emit('invoice.upcoming', { object: 'invoice' })
    const serve = await start(life)
    await serve.awaitLine(caughtUp)
    const handled = account.events.filter(({ type }) => !/^(terminal|invoice\.upcoming)/.test(type))
    expect(handled).toContain(future)
    await expect.poll(statuses, patience).toEqual(allDone(handled))
  })

  test('asks from three days before the last one on', async () => {
    const life = await playMissedEvents()
    const first = await start(life)
    await first.awaitLine(caughtUp)
    const asked = life.server.requests.matching({ ...lists, account: 'acct_1' })[0]
    await first.stop()
    life.server.requests.clear()
    const second = await start(life)
    await second.awaitLine(caughtUp)
    const again = life.server.requests.matching({ ...lists, account: 'acct_1' })[0]
    expect(ageOf(asked?.params.created)).toBeCloseTo(30, 1)
    expect(ageOf(again?.params.created)).toBeCloseTo(3, 1)
  })

  test('goes by the clock of MongoDB where that of this machine is days ahead', async () => {
    const life = await playMissedEvents()
    const ahead = { NODE_OPTIONS: `--import=${setClock}`, CLOCK_AHEAD_MS: String(10 * day * 1000) }
    const wrong = await start(life, ahead)
    await wrong.awaitLine(caughtUp)
    await wrong.stop()
    const rows = await db.collection('billing.cursors').find({ resource: 'events' }).toArray()
    expect(rows.map(({ caught_up_at }) => Math.round((Date.now() - caught_up_at) / 3_600_000))).toEqual([
      0, 0,
    ])
    const missed = life.account.create('customer', { name: 'Bob' }).events
    const right = await start(life)
    await right.awaitLine(caughtUp)
    await expect.poll(statuses, patience).toEqual(allDone([...life.events, ...missed]))
  })

  test('asks for all that Stripe keeps where the last one is said to be yet to come', async () => {
    const life = await playMissedEvents()
    await db.collection<{ _id: string }>('billing.cursors').insertOne({
      _id: 'acct_1:catch-up',
      ...{
        stripe_user_id: 'acct_1',
        resource: 'events',
        caught_up_at: new Date(Date.now() + 10 * day * 1000),
      },
    })
    const serve = await start(life)
    await serve.awaitLine(caughtUp)
    const asked = life.server.requests.matching({ ...lists, account: 'acct_1' })[0]
    expect(ageOf(asked?.params.created)).toBeCloseTo(30, 1)
    const row = await db.collection('billing.cursors').findOne({ stripe_user_id: 'acct_1' })
    expect(row?.caught_up_at.getTime()).toBeLessThanOrEqual(Date.now())
    expect(row).not.toHaveProperty('gap')
  })

  test('that is killed in the middle starts again', async () => {
    const life = await playMissedEvents()
    life.server.hold({ ...lists, account: 'acct_1' })
    const killed = await start(life)
    await life.server.requests.waitFor({ ...lists, account: 'acct_1' })
    await killed.stop('SIGKILL')
    expect(await statuses()).toEqual({})
    const serve = await start(life)
    await serve.awaitLine(caughtUp)
    await expect.poll(statuses, patience).toEqual(allDone(life.events))
    // As far back as the first time: what was not stored is not caught up with.
    const again = life.server.requests.matching({ ...lists, account: 'acct_1' }).at(-1)
    expect(ageOf(again?.params.created)).toBeCloseTo(30, 1)
  })

  test.each(['/v1/account', '/v1/events'])('ends cleanly while Stripe does not answer %s', async (path) => {
    const life = await playMissedEvents()
    life.server.hold({ path })
    const serve = await start(life)
    await life.server.requests.waitFor({ path })
    expect((await serve.stop()).exitCode).toBe(0)
  })

  test('names accounts that were away for longer than Stripe keeps events', async () => {
    const life = await playMissedEvents()
    const fortyDaysAgo = new Date(Date.now() - 40 * day * 1000)
    await db.collection<{ _id: string }>('billing.cursors').insertOne({
      _id: 'acct_1:catch-up',
      ...{ stripe_user_id: 'acct_1', resource: 'events', caught_up_at: fortyDaysAgo },
    })
    const serve = await start(life)
    await serve.awaitLine(({ msg, account }) => /backfill/.test(String(msg)) && account === 'acct_1')
    await serve.awaitLine(caughtUp)
    await serve.stop()
    const next = await start(life)
    const readiness = async (): Promise<unknown> => (await fetch(`${next.url}/readyz`)).json()
    await expect.poll(readiness, patience).toEqual({ ready: true, degraded: ['backfill_wanted'] })
  })

  test('never says caught up of what Stripe refuses, but why it does', async () => {
    const life = await playMissedEvents()
    const keyOfNobody = 'sk_test_of_nobody'
    const serve = await start(life, { STRIPE_SECRET_KEY: keyOfNobody, STRIPE_ACCOUNT_ID: 'acct_platform' })
    const ending = await serve.awaitLine(({ msg }) => /not all accounts are caught up with/.test(String(msg)))
    expect(ending.level).toBe(40)
    const refusals = serve.log.filter(({ code }) => code === 'stripe_unauthorized')
    expect(refusals.map(({ account }) => account).sort()).toEqual(['acct_1', 'acct_platform'])
    for (const { msg } of refusals) expect(msg).toMatch(/cannot be caught up with: .*STRIPE_SECRET_KEY/)
    expect(serve.log.some(caughtUp)).toBe(false)
  })

  test('leaves disconnected accounts alone and notes those that left', async () => {
    const life = await playMissedEvents()
    await insertAccount('acct_2', { connection: { state: 'disconnected', as_of: new Date() } })
    life.world.account('acct_2')
    life.world.disconnect('acct_1')
    const serve = await start(life)
    await serve.awaitLine(caughtUp)
    expect(life.server.requests.count({ account: 'acct_2' })).toBe(0)
    expect(await db.collection('billing.accounts').findOne({ stripe_user_id: 'acct_1' })).toMatchObject({
      connection: { state: 'disconnected', as_of: new Date(life.world.clock.now() * 1000 - 1) },
    })
  })

  test('catches up with an account that lets the platform in again', async () => {
    const life = await playMissedEvents()
    const anHourAgo = new Date(Date.now() - 3_600_000)
    await db.collection<{ _id: string }>('billing.accounts').updateOne(
      { _id: 'acct_1' },
      {
        $set: {
          connection: { state: 'disconnected', as_of: anHourAgo },
          disconnected_at: anHourAgo,
        },
      },
    )
    const serve = await start(life)
    await serve.awaitLine(caughtUp)
    expect(life.server.requests.count({ account: 'acct_1' })).toBe(0)
    const created = Math.floor(Date.now() / 1000)
    const returned = {
      ...loadEvent('account.application.authorized.endive'),
      ...{ id: 'evt_returned', account: 'acct_1', created, livemode: false },
    }
    await deliver([returned], { url: serve.webhooks, secret: webhookSecret })
    await expect.poll(statuses, patience).toEqual({ ...allDone(life.events), evt_returned: 'done' })
    expect(await db.collection('billing.cursors').findOne({ stripe_user_id: 'acct_1' })).toMatchObject({
      caught_up_at: expect.any(Date),
    })
  })

  test('needs a key', async () => {
    const { exitCode, stdout, stderr } = await runServe(['--catch-up', '--mongodb-uri', uri])
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^billing-sync: STRIPE_SECRET_KEY: /)
  })
})

/** Days from an instant that a list was asked from until now. */
const ageOf = (created: unknown): number => {
  const { gte } = created as { readonly gte: string } // what the list was asked with
  return (Date.now() / 1000 - Number(gte)) / day
}

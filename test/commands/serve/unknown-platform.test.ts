// A fresh database, a key, and nobody who says whose it is: events that name no account wait at Stripe until it tells.

import type { Db } from 'mongodb'
import { expect, test } from 'vitest'
import { openDatabaseForTest } from '../../support/database.ts'
import { numberedEvent } from '../../support/deliveries.ts'
import { webhookSecret as secret, startServeForTest } from '../../support/serve-process.ts'
import { deliver } from '../../support/stripe/deliver.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { PLATFORM_ID } from '../../support/stripe/world.ts'
import { until } from '../../support/until.ts'

const key = 'sk_test_of_nobody_yet'
const { account: _, ...unnamed } = numberedEvent(1)

const startServing = async (prepare = async (_: Db): Promise<unknown> => null) => {
  const { db, uri } = await openDatabaseForTest()
  await prepare(db)
  const played = await playStripe()
  const env = {
    ...{ STRIPE_SECRET_KEY: key, STRIPE_API_BASE: played.server.url },
    // Nobody but the listener asks whose key it is.
    BILLING_SYNC_HYDRATE: 'never',
  }
  const serve = await startServeForTest({ uri, env })
  const look = async (path: string) => (await fetch(`${serve.url}${path}`)).text()
  return {
    ...played,
    platformRow: () => db.collection('billing.accounts').findOne({ platform: true }),
    send: async () => (await deliver([unnamed], { url: serve.webhooks, secret }))[0]?.status,
    degraded: async () => JSON.parse(await look('/readyz')).degraded,
    metrics: () => look('/metrics'),
  }
}

test('a key that Stripe refuses is told while events that name no account are, and no longer', async () => {
  const { world, platformRow, send, degraded, metrics } = await startServing()
  expect(await degraded()).toEqual([])
  expect(await send()).toBe(503)
  expect(await degraded()).toEqual(['stripe_unauthorized'])
  expect(await metrics()).toContain(
    'billing_sync_stripe_requests_total{endpoint="account",outcome="unauthorized"} 1\n',
  )
  world.addKey(key, { accountId: PLATFORM_ID })
  await until(async () => (await send()) === 200, 'the answer of Stripe')
  expect(await degraded()).toEqual([])
  expect(await platformRow()).toMatchObject({ _id: PLATFORM_ID })
})

test('a Stripe that does not answer in time is told as one that is away', async () => {
  const { server, send, degraded } = await startServing()
  server.faults.add({ path: '/v1/account' }, { kind: 'silent' })
  expect(await send()).toBe(503)
  expect(await degraded()).toEqual(['stripe_unavailable'])
})

test('a key of another platform than the database keeps is told', async () => {
  const { world, send, degraded } = await startServing(async (db) => {
    const row = { _id: 'platform', stripe_user_id: 'platform', platform: true, seq: 0 }
    await db.collection<{ _id: string }>('billing.accounts').insertOne(row)
    await db.collection('billing.events').insertOne({ stripe_user_id: 'platform', source: 'webhook' })
  })
  world.addKey(key, { accountId: PLATFORM_ID })
  expect(await send()).toBe(503)
  expect(await degraded()).toEqual(['config_invalid'])
})

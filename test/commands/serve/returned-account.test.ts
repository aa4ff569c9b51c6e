import { EventEmitter } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { openServeHandling } from '../../../src/commands/opening/open-handling.ts'
import { openStripeCalls } from '../../../src/commands/opening/open-stripe-calls.ts'
import { keepCaughtUp } from '../../../src/commands/serve/keep-caught-up.ts'
import { loadConfig } from '../../../src/config/config.ts'
import { BillingSyncError } from '../../../src/errors.ts'
import { openLog } from '../../../src/log.ts'
import { ensureCollections } from '../../../src/store/collections.ts'
import { asOpened, openTestDatabase } from '../../support/database.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { PLATFORM_ID, PLATFORM_KEYS } from '../../support/stripe/world.ts'

const { client, db } = await openTestDatabase()
const database = asOpened({ client, db })
await ensureCollections(db)
const accounts = db.collection<{ _id: string }>('billing.accounts')
const patience = { timeout: 20_000, interval: 20 }

/** Catches up until the test ends; the platform is asked for before each round. */
const startCatchingUp = async (url: string, platformOfKey: () => Promise<string>) => {
  const loaded = await loadConfig({}, '/')
  const config = { ...loaded, stripeKey: PLATFORM_KEYS.test, stripeApiBase: url }
  const handling = await openServeHandling(config, database, { reads: null, onServed: null })
  const calls = await openStripeCalls(config, {
    ...{ key: PLATFORM_KEYS.test, requestsPerSecond: null, onServed: () => undefined },
  })
  const [returns, ending] = [new EventEmitter(), new AbortController()]
  const ended = keepCaughtUp({
    ...{ config, database, calls, log: openLog('silent'), store: handling.options.store, platformOfKey },
    ...{ isBacklogFull: () => false, wake: () => undefined, returns, signal: ending.signal },
  })
  onTestFinished(async () => {
    ending.abort()
    await ended
    calls.close()
  })
  /** Resolves once the next round is waited for, and begins it. */
  const nextRound = async () => {
    await expect.poll(() => returns.listenerCount('account'), patience).toBe(1)
    returns.emit('account')
  }
  return { nextRound }
}

test('an account whose return met trouble is caught up with once that is over', async () => {
  const { server, world } = await playStripe()
  const account = world.account('acct_1')
  account.create('customer', { name: 'Ann' })
  const connection = { state: 'disconnected', as_of: new Date(Date.now() - 3_600_000) }
  await accounts.insertOne({
    _id: 'acct_1',
    ...{ stripe_user_id: 'acct_1', seq: 0, connection, disconnected_at: connection.as_of },
  })
  let rounds = 0
  const { nextRound } = await startCatchingUp(server.url, async () => {
    rounds += 1
    if (rounds === 2) throw new BillingSyncError('mongodb_unavailable', { reason: 'for this test' })
    return PLATFORM_ID
  })
  await expect.poll(() => rounds, patience).toBe(1)
  await expect.poll(() => db.collection('billing.cursors').countDocuments(), patience).toBe(1)
  const back = { state: 'connected', as_of: new Date() }
  await accounts.updateOne({ _id: 'acct_1' }, { $set: { connection: back } })
  await nextRound()
  await expect.poll(() => rounds, patience).toBe(2)
  await nextRound()
  await expect
    .poll(() => db.collection('billing.events').distinct('event_id', { stripe_user_id: 'acct_1' }), patience)
    .toEqual(account.events.map(({ id }) => id))
})

// The same command given again while it runs, as a timer does whose last run takes longer than its pause.

import { beforeEach, expect, test } from 'vitest'
import { runBackfill, startBackfill } from '../../support/backfill-command.ts'
import { openTestDatabase } from '../../support/database.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { populate } from '../../support/stripe/population.ts'

const { db, uri } = await openTestDatabase()
const cursors = db.collection('billing.cursors')

beforeEach(async () => {
  for (const { name } of await db.listCollections().toArray()) await db.collection(name).deleteMany({})
})

/** Starts a backfill of accounts that stands at the customers of the first one, once so many other lists are complete. */
const startHeld = async (accounts: readonly string[], completeLists: number) => {
  const { server, world } = await playStripe()
  for (const id of accounts) populate(world.account(id), { customers: 250, secondsApart: 2_000, products: 5 })
  world.clock.run()
  const command = ['--account', accounts.join(), '--resource', 'customers,products']
  const place = { uri, url: server.url }
  const [first = '', ...others] = accounts
  const held = server.hold({ path: '/v1/customers', account: first }, { times: 1, after: 1 })
  const { child } = await startBackfill(command, place)
  await held.arrived()
  const complete = { completed_at: { $ne: null }, resource: { $in: ['customers', 'products'] } }
  await expect.poll(() => cursors.countDocuments(complete), { timeout: 20_000 }).toBe(completeLists)
  // An account whose lists are complete is let go of a moment later.
  const left = { stripe_user_id: { $in: others }, token: null, ending: 'tried' }
  await expect.poll(() => cursors.countDocuments(left), { timeout: 20_000 }).toBe(others.length)
  const stop = async () => {
    child.kill('SIGTERM')
    // Cut off after its grace: an answer now might be stored yet, and the first account's customers be complete.
    const result = await child
    held.releaseAll()
    return result
  }
  return { server, command, place, stop }
}

test('a backfill that is refused leaves the run to the first one', async () => {
  const { server, command, place, stop } = await startHeld(['acct_1'], 1)
  const refused = await runBackfill(command, place)
  expect([refused.exitCode, refused.summary.errors.acct_1?.code]).toEqual([1, 'backfill_running'])
  expect((await stop()).exitCode).toBe(143)
  expect(await cursors.findOne({ stripe_user_id: 'acct_1', token: null })).toMatchObject({ ending: 'open' })
  server.requests.clear()
  expect(await runBackfill(command, place)).toMatchObject({ exitCode: 0, summary: { errors: {} } })
  expect(server.requests.count({ path: '/v1/products' })).toBe(0)
})

test('a backfill that finds one of its accounts taken lets none of the others be read anew', async () => {
  const { server, command, place, stop } = await startHeld(['acct_1', 'acct_2'], 3)
  const second = await runBackfill(command, place)
  expect([second.exitCode, Object.keys(second.summary.errors)]).toEqual([1, ['acct_1']])
  await stop()
  server.requests.clear()
  expect(await runBackfill(command, place)).toMatchObject({ exitCode: 0, summary: { errors: {} } })
  expect(server.requests.count({ account: 'acct_2' })).toBe(0)
  expect(server.requests.count({ account: 'acct_1' })).toBeGreaterThan(0)
  // The run is over now, and so the next one reads all.
  expect((await runBackfill(command, place)).exitCode).toBe(0)
  expect(server.requests.count({ account: 'acct_2' })).toBeGreaterThan(0)
})

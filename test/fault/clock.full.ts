// A machine whose clock is wrong, and is set from one side to the other while it works: for `npm run test:faults`.

import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startBackfill } from '../support/backfill-command.ts'
import { openTestDatabase } from '../support/database.ts'
import { numberedEvent } from '../support/deliveries.ts'
import { type ServeProcess, webhookSecret as secret, startServeForTest } from '../support/serve-process.ts'
import { deliver } from '../support/stripe/deliver.ts'
import { playStripe } from '../support/stripe/played-stripe.ts'
import { populate } from '../support/stripe/population.ts'
import { until, untilStored } from '../support/until.ts'

const { db, uri } = await openTestDatabase()
const events = db.collection('billing.events')

const preload = fileURLToPath(new URL('set-clock.mjs', import.meta.url))
const env = { NODE_OPTIONS: `--import=${preload}`, CLOCK_AHEAD_MS: '600000' }

const accounts = ['acct_clock1', 'acct_clock2', 'acct_clock3']
const eventOf = (number: number) => ({
  ...numberedEvent(number),
  account: accounts[number % accounts.length] ?? '',
})

/** A process that got no processor for a while, among all the tests, is not ready for a moment. */
const patience = { timeout: 45_000, interval: 50 }
const readinessOf = async ({ url }: ServeProcess): Promise<unknown> => (await fetch(`${url}/readyz`)).json()

const takeovers = ({ log }: ServeProcess) => log.filter(({ msg }) => String(msg).includes('taken over'))

test('an event that fails is due by the clock of the server', async () => {
  await startServeForTest({ uri, env, args: ['--role', 'work'] })
  const right = await startServeForTest({ uri, args: ['--role', 'ingest'] })
  const poison = { ...eventOf(0), data: { object: { id: 'cus_1', object: 'customer' } } }
  await deliver([poison], { url: right.webhooks, secret })
  await untilStored(events, { status: 'failed' })
  const due = { $expr: { $lt: ['$next_attempt_at', { $add: ['$$NOW', 300_000] }] } }
  expect(await events.countDocuments(due)).toBe(1)
  await events.deleteMany({})
})

test('a clock that is wrong and jumps costs refusals and nothing else', { timeout: 120_000 }, async () => {
  const [wrong, right] = [await startServeForTest({ uri, env }), await startServeForTest({ uri })]
  const refusalOf = async (number: number): Promise<string> => {
    const [result] = await deliver([eventOf(number)], { url: wrong.webhooks, secret })
    expect(result?.status).toBe(400)
    return String(result?.body)
  }
  expect(await refusalOf(1)).toContain('"signature_stale"')
  await expect.poll(() => readinessOf(wrong), patience).toEqual({ ready: true, degraded: ['clock_differs'] })
  await expect.poll(() => readinessOf(right), patience).toEqual({ ready: true, degraded: [] })
  process.kill(wrong.pid, 'SIGUSR2')
  await until(async () => (await refusalOf(1)).includes('"signature_future"'), 'a clock that is behind')
  const jumps = setInterval(() => process.kill(wrong.pid, 'SIGUSR2'), 150)
  const numbers = Array.from({ length: 100 }, (_, index) => 100 + index)
  try {
    const answers = await deliver(numbers.map(eventOf), { url: right.webhooks, secret })
    expect(answers.map(({ status }) => status)).toEqual(numbers.map(() => 200))
    await untilStored(events, { status: 'done', attempts: 0 }, numbers.length)
  } finally {
    clearInterval(jumps)
  }
  expect(await events.countDocuments()).toBe(numbers.length)
  const notices = await db.collection('queue.jobs').find({ kind: 'charge.created' }).toArray()
  expect(new Set(notices.map(({ stripe_id }) => stripe_id)).size).toBe(numbers.length)
  expect(notices).toHaveLength(numbers.length)
  expect([...takeovers(wrong), ...takeovers(right)]).toEqual([])
  expect((await wrong.stop()).stderr).toContain("this machine's clock and MongoDB's differ")
  expect((await right.stop()).stderr).not.toContain('differ')
})

test.each([
  ['forward', '-3600000'],
  ['back', '3600000'],
])('a backfill whose clock is set %s stamps no read later than it was sent', async (_, CLOCK_AHEAD_MS) => {
  const { server, world } = await playStripe({ latencyMs: 20 })
  populate(world.account('acct_clock4'), { customers: 900, secondsApart: 600 })
  world.clock.run()
  const begun = Date.now()
  const place = { uri, url: server.url, env: { ...env, CLOCK_AHEAD_MS } }
  const { child } = await startBackfill(['--account', 'acct_clock4', '--resource', 'customers'], place)
  let requests = 0
  server.onRequest(({ path }) => {
    requests += path === '/v1/customers' ? 1 : 0
    if (requests === 4) child.kill('SIGUSR2')
  })
  expect((await child).exitCode).toBe(0)
  expect(requests).toBeGreaterThan(8)
  const customers = await db.collection('billing.customers').find().toArray()
  const stamps = customers.map(({ sync }) => sync.as_of.getTime())
  expect(stamps).toHaveLength(900)
  expect(Math.max(...stamps)).toBeLessThanOrEqual(Date.now())
  expect(Math.min(...stamps)).toBeGreaterThan(begun - 60_000)
  await db.collection('billing.customers').deleteMany({})
})

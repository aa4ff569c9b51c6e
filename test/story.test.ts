// The walk-through of README.md, from the first import to the audit: its commands are run as they are printed there.

import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { expect, onTestFinished, test } from 'vitest'
import { runProgram } from './support/billing-sync.ts'
import { prepareMongodServer } from './support/mongod-server.ts'
import { startServeForTest, webhookSecret } from './support/serve-process.ts'
import { mirroredState, servedState } from './support/served-state.ts'
import { projectFolder } from './support/source-modules.ts'
import { renewSubscription } from './support/stripe/billing-story.ts'
import { deliver } from './support/stripe/deliver.ts'
import type { EventRecord } from './support/stripe/event-record.ts'
import { refundCharge } from './support/stripe/money-back-story.ts'
import { payInvoice } from './support/stripe/payment-story.ts'
import { playStripe } from './support/stripe/played-stripe.ts'
import { populate } from './support/stripe/population.ts'
import type { StripeAccount } from './support/stripe/stripe-account.ts'
import { PLATFORM_ID, PLATFORM_KEYS } from './support/stripe/world.ts'
import { connectSupportClient, socketSecret } from './support/support-client.ts'
import { temporaryFolder } from './support/temporary-folder.ts'
import { until, untilStored } from './support/until.ts'

const mongod = await prepareMongodServer()

const title = '## A platform from its first day on'
const [, section = ''] = readFileSync(join(projectFolder, 'README.md'), 'utf8').split(`\n${title}\n`)
const [walkThrough = ''] = section.split('\n## ')

/** Returns the arguments of a command, which the walk-through must have in a line of its own. */
const printed = (command: string): readonly string[] => {
  if (!walkThrough.split('\n').includes(command)) throw new TypeError(`the walk-through lacks: ${command}`)
  const [, ...args] = command.split(' ').map((word) => word.replaceAll("'", ''))
  return args
}

/** The config file that the walk-through prints. */
const printedConfig = (): string => walkThrough.split('```json\n')[1]?.split('```')[0] ?? ''

/** A customer arrives, subscribes, pays, and gets a part of it back. */
const sellTo = (account: StripeAccount, name: string): readonly EventRecord[] => {
  const fields = { name, email: `${name}@shop.example`, metadata: { plan: 'gold' } }
  const customer = account.create('customer', fields)
  const subscription = account.create('subscription', { customer: customer.id, metadata: { team: 'blue' } })
  const invoice = renewSubscription(account, subscription.id)
  const payment = payInvoice(account, invoice.id)
  const refund = refundCharge(account, payment.chargeId ?? '', { amount: 100 })
  const changes = [customer, subscription, invoice, payment, refund]
  return changes.flatMap(({ events }) => events)
}

/** Three accounts with a past, a database that is empty, and what the walk-through's commands are run with. */
const openPlatform = async () => {
  await mongod.start()
  const { server, world } = await playStripe()
  const accounts = ['acct_1', 'acct_2', 'acct_3'].map((id) => world.account(id))
  const past = {
    customers: 12,
    products: 2,
    subscriptions: 6,
    paidInvoices: 20,
    charges: 3,
    refunds: 2,
    disputes: 1,
  }
  for (const account of accounts) populate(account, { ...past, secondsApart: 86_400 })
  world.clock.run()
  const client = new MongoClient(mongod.uri)
  onTestFinished(() => client.close())
  const cwd = await temporaryFolder({})
  const env = {
    ...{ STRIPE_SECRET_KEY: PLATFORM_KEYS.test, STRIPE_API_BASE: server.url, STRIPE_ACCOUNT_ID: PLATFORM_ID },
    ...{ MONGODB_URI: mongod.uri, SOCKET_SECRET: socketSecret },
  }
  return {
    ...{ server, world, accounts, db: client.db() },
    run: (command: string) => runProgram(printed(command), { env, cwd }),
    serve: (command: string) => startServeForTest({ uri: null, args: printed(command).slice(1), env }),
    writeConfig: (text: string) => writeFile(join(cwd, 'billing-sync.config.json'), text),
  }
}

test('a platform of three accounts is in step from its first day on', { timeout: 180_000 }, async () => {
  const platform = await openPlatform()
  const { world, accounts, db } = platform
  const [first, second, third] = accounts
  if (first === undefined || second === undefined || third === undefined)
    throw new TypeError('three accounts')
  const sold: EventRecord[] = []
  const sell = (name: string): readonly EventRecord[] => {
    const events = accounts.flatMap((account) => sellTo(account, name))
    sold.push(...events)
    return events
  }
  const paid = () => sold.filter(({ type }) => type === 'invoice.paid').length
  // Payment intents are not mirrored: Stripe is not asked for events of theirs.
  const mirrored = () => sold.filter(({ type }) => !type.startsWith('payment_intent.')).length
  const untilDone = () => untilStored(db.collection('billing.events'), { status: 'done' }, mirrored())
  const expectInStep = async () => expect(await mirroredState(db)).toEqual(servedState(accounts))

  // The past: nobody is written to for what was paid long ago.
  expect(await platform.run('billing-sync backfill --account acct_1,acct_2,acct_3')).toMatchObject({
    exitCode: 0,
  })
  await expectInStep()
  expect(await db.collection('support.messages').countDocuments()).toBe(0)

  // Live events, out of order and twice, and MongoDB dies in the middle.
  const live = await platform.serve('billing-sync serve')
  const endpoint = { url: live.webhooks, secret: webhookSecret }
  const support = await connectSupportClient(live.url, first.id)
  await support.ready()
  const sending = { order: { shuffledBy: 7 }, copies: 2, concurrency: 4 } as const
  await deliver(sell('ann'), endpoint, sending)
  await untilDone()
  await mongod.kill()
  const late = sell('bob')
  const refused = await deliver(late, endpoint)
  expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([503]))
  await mongod.start()
  await until(async () => (await fetch(`${live.url}/readyz`)).ok, 'serve takes events again')
  const taken = await deliver(late, endpoint, sending)
  expect(new Set(taken.map(({ status }) => status))).toEqual(new Set([200]))
  await untilDone()
  await expectInStep()
  const messages = () => support.events.filter(([event]) => event === 'support:message')
  const told = () => new Set(messages().map(([, { invoice }]) => invoice)).size
  await until(() => told() === 2, 'both messages of the first account')

  // A day of downtime: Stripe's deliveries of it never come.
  expect((await live.stop()).exitCode).toBe(0)
  sell('cyd')
  const back = await platform.serve('billing-sync serve --catch-up')
  await untilDone()
  await expectInStep()

  // A field that the sales desk wants is mapped, for the customers that are there already too.
  await platform.writeConfig(printedConfig())
  expect(
    await platform.run("billing-sync replay --stored --account acct_1 --type 'customer.*'"),
  ).toMatchObject({ exitCode: 0 })
  const contacts = db.collection('crm.contacts').find({ stripe_user_id: first.id, email: /^(ann|bob|cyd)@/ })
  expect((await contacts.toArray()).map(({ plan }) => plan)).toEqual(['gold', 'gold', 'gold'])

  // One account leaves: it gets no more calls, and its data stays.
  const left = world.disconnect(third.id)
  sold.push(left)
  await deliver([left], { ...endpoint, url: back.webhooks })
  await untilStored(db.collection('billing.accounts'), { 'connection.state': 'disconnected' })
  platform.server.requests.clear()

  const audit = await platform.run('billing-sync backfill --all-accounts --verify')
  expect(audit).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('acct_2') })
  expect(platform.server.requests.count({ account: third.id })).toBe(0)
  await expectInStep()
  expect(await db.collection('support.messages').countDocuments()).toBe(paid())
  expect((await back.stop()).exitCode).toBe(0)
})

import { beforeEach, describe, expect, test } from 'vitest'
import { runBackfill, startBackfill } from '../../support/backfill-command.ts'
import { backfillHere, fillMirror } from '../../support/backfill-here.ts'
import { openTestDatabase } from '../../support/database.ts'
import { foundIn, plantDifferences } from '../../support/planted-differences.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { populate } from '../../support/stripe/population.ts'
import { PLATFORM_KEYS } from '../../support/stripe/world.ts'

const { db, uri } = await openTestDatabase()

beforeEach(async () => {
  const collections = await db.listCollections({}, { nameOnly: true }).toArray()
  await Promise.all(collections.map(({ name }) => db.collection(name).deleteMany({})))
})

const plain = ['--account', 'acct_1']
const verify = [...plain, '--verify']

/** Times the smallest account that is worth auditing: 1,350 objects in all, and 24,000 with FULL set. */
const large = process.env.FULL === undefined ? 4 : 72

/** A played Stripe whose acct_1 has some of everything, and a mirror of it. */
const mirroredAccount = async (size = 1) => {
  const played = await playStripe()
  played.world.clock.advance(-3_600)
  const account = played.world.account('acct_1')
  populate(account, {
    ...{ customers: 60 * size, products: 20 * size, subscriptions: 20 * size, paidInvoices: 60 * size },
    ...{ charges: 40 * size, refunds: 20 * size, disputes: 20 * size, secondsApart: 0 },
  })
  played.world.clock.run()
  const place = { uri, url: played.server.url }
  await fillMirror(['--account', 'acct_1'], place)
  return { ...played, account, place }
}

/** What `dbHash` says of every collection. */
const hashes = async (): Promise<unknown> => (await db.command({ dbHash: 1 })).collections

describe('a drift audit', () => {
  test('finds planted differences by name and nothing else, and a backfill mends them', async () => {
    const { account, place } = await mirroredAccount(large)
    expect(await backfillHere(verify, place)).toMatchObject({
      hasFailures: false,
      summary: { errors: {}, drift: [] },
    })
    const planted = await plantDifferences(db, account)
    const before = await hashes()
    const audited = await runBackfill(verify, place)
    expect(foundIn(audited.summary)).toEqual(planted)
    expect(audited.exitCode).toBe(1)
    expect(await hashes()).toEqual(before)
    await fillMirror(plain, place)
    expect(foundIn((await backfillHere(verify, place)).summary)).toEqual([])
  }, 300_000)

  test('that a signal ends tells the account of that, not of a Stripe that is away', async () => {
    const { server, place } = await mirroredAccount()
    const customers = db.collection('billing.customers')
    const customer = await customers.findOneAndUpdate({}, { $set: { name: 'planted' } })
    const held = server.hold({ path: `/v1/customers/${customer?.stripe_id}` })
    const { child } = await startBackfill([...verify, '--json'], place)
    await held.arrived()
    child.kill('SIGINT')
    const { exitCode, stdout } = await child
    held.releaseAll()
    expect(exitCode).toBe(130)
    expect(JSON.parse(stdout).errors).toMatchObject({ acct_1: { code: 'account_incomplete' } })
  })

  test('names no tombstone of what is gone, nor what a test clock hides', async () => {
    const { account, place } = await mirroredAccount()
    const [customer = '', other = ''] = account.ids('customer')
    account.delete('customer', customer)
    await fillMirror(['--account', 'acct_1', '--resource', 'customers'], place)
    const gone = await db.collection('billing.customers').findOne({ stripe_id: customer })
    expect(gone).toMatchObject({ deleted: true })
    account.delete('customer', other)
    await db
      .collection('billing.customers')
      .updateOne({ stripe_id: other }, { $set: { test_clock: 'clock_1' } })
    const { hasFailures, summary } = await backfillHere([...verify, '--resource', 'customers'], place)
    expect([hasFailures, summary.drift]).toEqual([false, []])
  })

  test('names what differs of invoice payments, and none that Stripe does not list', async () => {
    const { account, place } = await mirroredAccount()
    const payments = db.collection<{ _id: string }>('billing.invoice_payments')
    const [lost = '', wrong = ''] = account.ids('invoice_payment')
    const like = await payments.findOneAndDelete({ stripe_id: lost })
    await payments.updateOne({ stripe_id: wrong }, { $set: { amount_paid: 1 } })
    await payments.insertOne({ ...like, _id: 'acct_1:inpay_extra', stripe_id: 'inpay_extra' } as {
      _id: string
    })
    const found = foundIn((await backfillHere([...verify, '--resource', 'invoices'], place)).summary)
    const ofPayments = found.filter((line) => line.includes('billing.invoice_payments'))
    expect(ofPayments).toEqual([
      `different billing.invoice_payments ${wrong} amount_paid`,
      `missing billing.invoice_payments ${lost}`,
    ])
    expect(found.join()).not.toContain('inpay_extra')
  })

  test('is that of a range where one is given', async () => {
    const { account, world, place } = await mirroredAccount()
    const [old = ''] = account.ids('product')
    account.update('product', old, { name: 'Renamed' })
    world.clock.advance(60)
    const since = new Date((account.now() - 30) * 1000).toISOString()
    const recent = account.create('product', { name: 'New' }).id
    const ranged = [...verify, '--resource', 'products']
    expect(foundIn((await backfillHere([...ranged, '--since', since], place)).summary)).toEqual([
      `missing billing.products ${recent}`,
    ])
    expect(foundIn((await backfillHere([...ranged, '--until', since], place)).summary)).toEqual([
      `different billing.products ${old} name,updated`,
    ])
  })

  test('does not name what changes while it runs', async () => {
    const { account, server, place } = await mirroredAccount()
    const [customer = '', hot = ''] = account.ids('customer')
    // The page shows the name before, the mirror hears of the change before the audit looks again.
    const held = server.hold({ path: '/v1/customers' })
    const audit = backfillHere([...verify, '--resource', 'customers'], place)
    await held.arrived()
    account.update('customer', customer, { name: 'Changed meanwhile' })
    const stop = server.onRequest(({ path }) => {
      if (path === `/v1/customers/${hot}`)
        account.update('customer', hot, { name: `Changed ${server.requests.all.length}` })
    })
    account.update('customer', hot, { name: 'Changing' })
    await db
      .collection('billing.customers')
      .updateOne({ stripe_id: customer }, { $set: { name: 'Changed meanwhile' } })
    await db.collection('billing.customers').updateOne({ stripe_id: hot }, { $set: { name: 'Behind' } })
    held.release()
    const { hasFailures, summary } = await audit
    stop()
    expect([hasFailures, summary.drift]).toEqual([false, []])
  })

  test('of one mode leaves the other mode alone', async () => {
    const { place } = await mirroredAccount()
    const secretKey = PLATFORM_KEYS.live
    const { summary } = await backfillHere(verify, { ...place, secretKey })
    expect(summary.drift).toEqual([])
  })
})

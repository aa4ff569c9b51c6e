import { expect, test } from 'vitest'
import { backfillHere, fillMirror } from '../../support/backfill-here.ts'
import { openTestDatabase } from '../../support/database.ts'
import { renewSubscription } from '../../support/stripe/billing-story.ts'
import { payInvoice } from '../../support/stripe/payment-story.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'

const { db, uri } = await openTestDatabase()

test('a customer that no list shows any more is deleted where a charge shows so, and its contact is unlinked', async () => {
  const { world, server } = await playStripe()
  world.clock.advance(-3_600)
  const account = world.account('acct_1')
  const customer = account.create('customer', { email: 'ann@example.com' }).id
  payInvoice(account, renewSubscription(account, account.create('subscription', { customer }).id).id)
  world.clock.advance(1)
  account.delete('customer', customer)
  world.clock.advance(1)
  const place = { uri, url: server.url }
  await fillMirror(['--account', 'acct_1'], place)
  const gone = await db.collection('billing.customers').findOne()
  expect(gone).toMatchObject({ stripe_id: customer, deleted: true })
  const since = gone?.deleted_at
  const contacts = await db.collection('crm.contacts').find().toArray()
  expect(contacts).toMatchObject([{ former_stripe_customer_ids: [customer] }])
  expect(contacts[0]).not.toHaveProperty('stripe_customer_id')
  // Each run reads anew that the customer is gone, later than the one before.
  world.clock.advance(60)
  const told = await db.collection('queue.jobs').countDocuments()
  await fillMirror(['--account', 'acct_1'], place)
  expect(await db.collection('billing.customers').findOne()).toMatchObject({ deleted_at: since })
  expect(await db.collection('queue.jobs').countDocuments()).toBe(told)
  const verified = await backfillHere(['--account', 'acct_1', '--verify'], place)
  expect(verified).toMatchObject({ hasFailures: false, summary: { drift: [] } })
})

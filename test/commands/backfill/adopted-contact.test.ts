import { expect, test } from 'vitest'
import { runBackfill } from '../../support/backfill-command.ts'
import { openTestDatabase } from '../../support/database.ts'
import { renewSubscription } from '../../support/stripe/billing-story.ts'
import { payInvoice } from '../../support/stripe/payment-story.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'

const { db, uri } = await openTestDatabase()

test("the CRM's contact is adopted by the e-mail of today, though the customers are listed last", async () => {
  const { world, server } = await playStripe()
  world.clock.advance(-3_600)
  const account = world.account('acct_1')
  const customer = account.create('customer', { email: 'today@example.com' }).id
  const subscription = account.create('subscription', { customer }).id
  const billedTo = { customer_email: 'before@example.com' }
  payInvoice(account, renewSubscription(account, subscription, billedTo).id)
  world.clock.advance(10)
  server.faults.add({ path: '/v1/customers' }, { kind: 'latency', ms: 1_000 })
  const theirs = { stripe_user_id: 'acct_1', source: 'crm', email: 'Today@Example.com' }
  await db.collection('crm.contacts').insertOne(theirs)
  expect(await runBackfill(['--account', 'acct_1'], { uri, url: server.url })).toMatchObject({ exitCode: 0 })
  expect(await db.collection('crm.contacts').find().toArray()).toEqual([
    expect.objectContaining({ ...theirs, stripe_customer_id: customer }),
  ])
})

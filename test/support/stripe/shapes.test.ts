import { expect, test } from 'vitest'
import { ACACIA, CLASSIC, ENDIVE } from './api-version.ts'
import { refundCharge } from './money-back-story.ts'
import { payInvoice } from './payment-story.ts'
import { playStripe } from './played-stripe.ts'

const endive = { stripeAccount: 'acct_1', apiVersion: ENDIVE }
const acacia = { stripeAccount: 'acct_1', apiVersion: ACACIA }

test('an invoice links its charge and subscription in the shape of the version', async () => {
  const { stripe, world } = await playStripe()
  const account = world.account('acct_1')
  const subscription = account.seed('subscription', { metadata: { plan: 'gold' } })
  const invoice = account.seed('invoice', { subscription })
  const { chargeId, paymentIntentId } = payInvoice(account, invoice)
  account.update('subscription', subscription, { metadata: { plan: 'silver' } })
  const details = { subscription, metadata: { plan: 'gold' } }
  const fresh = await stripe.invoices.retrieve(invoice, {}, endive)
  expect(fresh).toMatchObject({ status: 'paid', parent: { subscription_details: details } })
  for (const name of ['charge', 'payment_intent', 'paid', 'subscription', 'tax'])
    expect(fresh).not.toHaveProperty(name)
  const old = await stripe.invoices.retrieve(invoice, {}, acacia)
  expect(old).toMatchObject({
    charge: chargeId,
    payment_intent: paymentIntentId,
    paid: true,
    paid_out_of_band: false,
    subscription,
    subscription_details: { metadata: { plan: 'gold' } },
  })
  expect(old).not.toHaveProperty('parent')
})

test('charges and payment intents name their invoice before basil only', async () => {
  const { stripe, world } = await playStripe()
  const account = world.account('acct_1')
  const invoice = account.seed('invoice')
  const { chargeId, paymentIntentId } = payInvoice(account, invoice)
  const charge = chargeId ?? ''
  const intent = paymentIntentId ?? ''
  expect(await stripe.charges.retrieve(charge, {}, acacia)).toMatchObject({ invoice })
  expect(await stripe.paymentIntents.retrieve(intent, {}, acacia)).toMatchObject({ invoice })
  expect(await stripe.charges.retrieve(charge, {}, endive)).not.toHaveProperty('invoice')
  expect(await stripe.paymentIntents.retrieve(intent, {}, endive)).not.toHaveProperty('invoice')
})

test('a subscription has its period on its items since basil', async () => {
  const { stripe, world } = await playStripe()
  const items = [
    { current_period_start: 100, current_period_end: 200 },
    { current_period_start: 50, current_period_end: 150 },
  ]
  const id = world.account('acct_1').seed('subscription', { items })
  const fresh = await stripe.subscriptions.retrieve(id, {}, endive)
  expect(fresh.items.data).toMatchObject(items)
  expect(fresh).not.toHaveProperty('current_period_end')
  const old = await stripe.subscriptions.retrieve(id, {}, acacia)
  expect(old).toMatchObject({ current_period_start: 50, current_period_end: 200, discount: null })
  expect(old.items.data[0]).not.toHaveProperty('current_period_end')
})

test('an invoice line moves its price and parent with the version', async () => {
  const { stripe, world } = await playStripe()
  const account = world.account('acct_1')
  const price = account.seed('price', { product: 'prod_hat' })
  const line = { amount: 700, price, subscription_item: 'si_1', proration: true }
  const invoice = account.seed('invoice', { lines: [line] })
  const fresh = await stripe.invoices.retrieve(invoice, {}, endive)
  expect(fresh.lines.data[0]).toMatchObject({
    amount: 700,
    pricing: { price_details: { price, product: 'prod_hat' } },
    parent: {
      type: 'subscription_item_details',
      subscription_item_details: { subscription_item: 'si_1', proration: true },
    },
  })
  const old = await stripe.invoices.retrieve(invoice, {}, acacia)
  expect(old.lines.data[0]).toMatchObject({
    price: { id: price, object: 'price' },
    plan: { id: price },
    type: 'subscription',
    subscription_item: 'si_1',
    proration: true,
  })
  expect(old.lines.data[0]).not.toHaveProperty('parent')
})

test('a charge carries its refunds unasked only in old versions', async () => {
  const { stripe, world } = await playStripe()
  const account = world.account('acct_1')
  const charge = account.seed('charge')
  for (let count = 0; count < 12; count += 1) refundCharge(account, charge, { amount: 1 })
  expect(await stripe.charges.retrieve(charge, {}, acacia)).not.toHaveProperty('refunds')
  const classic = await stripe.charges.retrieve(charge, {}, { ...endive, apiVersion: CLASSIC })
  const asked = await stripe.charges.retrieve(charge, { expand: ['refunds'] }, endive)
  for (const { refunds } of [classic, asked])
    expect(refunds).toMatchObject({ has_more: true, data: { length: 10 } })
  const all = await stripe.refunds.list({ charge, limit: 100 }, endive)
  expect(all.data).toHaveLength(12)
  expect(asked.refunds?.data.map(({ id }) => id)).toEqual(all.data.slice(0, 10).map(({ id }) => id))
})

test('a request without a version is answered in that of the account', async () => {
  const { stripe, world, server } = await playStripe()
  const charge = world.account('acct_1').seed('charge', { invoice: 'in_1' })
  world.setApiVersion('acct_1', ACACIA)
  const headers = { authorization: 'Bearer sk_test_platform', 'stripe-account': 'acct_1' }
  const answer = await fetch(`${server.url}/v1/charges/${charge}`, { headers })
  expect(answer.headers.get('stripe-version')).toBe(ACACIA)
  expect(await answer.json()).toMatchObject({ invoice: 'in_1' })
  const { lastResponse } = await stripe.charges.retrieve(charge, {}, endive)
  expect(lastResponse).toMatchObject({
    apiVersion: ENDIVE,
    stripeAccount: 'acct_1',
    requestId: 'req_00000002',
  })
  await expect(
    stripe.charges.retrieve(charge, {}, { ...endive, apiVersion: 'newest' }),
  ).rejects.toMatchObject({
    statusCode: 400,
  })
})

test('refunds name no mode, and their customer only since endive', async () => {
  const { stripe, world } = await playStripe()
  const id = world.account('acct_1').seed('refund', { customer: 'cus_1' })
  const fresh = await stripe.refunds.retrieve(id, {}, endive)
  expect(fresh).not.toHaveProperty('livemode')
  expect(fresh).toHaveProperty('customer', 'cus_1')
  expect(await stripe.refunds.retrieve(id, {}, acacia)).not.toHaveProperty('customer')
})

import type Stripe from 'stripe'
import { expect, test } from 'vitest'
import { ACACIA } from './api-version.ts'
import { refundCharge } from './money-back-story.ts'
import { payInvoice } from './payment-story.ts'
import { playStripe } from './played-stripe.ts'

const at = { stripeAccount: 'acct_1' }
const idsOf = async (page: Stripe.ApiListPromise<{ id: string }>): Promise<string[]> =>
  (await page).data.map(({ id }) => id).sort()

test('subscriptions are listed without canceled ones unless asked', async () => {
  const { stripe, world } = await playStripe()
  for (const status of ['active', 'canceled', 'incomplete_expired', 'past_due']) {
    world.account('acct_1').seed('subscription', { id: `sub_${status}`, status })
  }
  const listed = (params: Stripe.SubscriptionListParams): Promise<string[]> =>
    idsOf(stripe.subscriptions.list(params, at))
  expect(await listed({})).toEqual(['sub_active', 'sub_incomplete_expired', 'sub_past_due'])
  expect(await listed({ status: 'all' })).toHaveLength(4)
  expect(await listed({ status: 'ended' })).toEqual(['sub_canceled', 'sub_incomplete_expired'])
  expect(await listed({ status: 'past_due' })).toEqual(['sub_past_due'])
  // The SDK's types know better than to ask for these, a caller without types may not.
  await expect(listed({ status: 'dead' as 'all' })).rejects.toMatchObject({ param: 'status' })
})

test('objects on a test clock are listed only when asked for', async () => {
  const { stripe, world } = await playStripe()
  const account = world.account('acct_1')
  account.seed('customer', { id: 'cus_clock', test_clock: 'clock_1' })
  account.seed('customer', { id: 'cus_real' })
  account.seed('subscription', { id: 'sub_clock', customer: 'cus_clock', test_clock: 'clock_1' })
  expect(await idsOf(stripe.customers.list({}, at))).toEqual(['cus_real'])
  expect(await idsOf(stripe.customers.list({ test_clock: 'clock_1' }, at))).toEqual(['cus_clock'])
  expect(await idsOf(stripe.subscriptions.list({}, at))).toEqual([])
  expect(await idsOf(stripe.subscriptions.list({ customer: 'cus_clock' }, at))).toEqual(['sub_clock'])
})

test('links filter the lists of both ends of a payment', async () => {
  const { stripe, world } = await playStripe()
  const account = world.account('acct_1')
  const customer = account.seed('customer', { email: 'a@shop.example' })
  const subscription = account.seed('subscription', { customer })
  const invoice = account.seed('invoice', { customer, subscription })
  const { chargeId, paymentIntentId, invoicePaymentId } = payInvoice(account, invoice)
  const refund = refundCharge(account, chargeId ?? '', { amount: 5 }).id
  account.seed('charge')
  account.seed('refund')
  const intent = paymentIntentId ?? ''
  expect(await idsOf(stripe.charges.list({ payment_intent: intent }, at))).toEqual([chargeId])
  expect(await idsOf(stripe.charges.list({ customer }, at))).toEqual([chargeId])
  expect(await idsOf(stripe.refunds.list({ charge: chargeId ?? '' }, at))).toEqual([refund])
  expect(await idsOf(stripe.invoices.list({ subscription, status: 'paid' }, at))).toEqual([invoice])
  expect(await idsOf(stripe.invoices.list({ subscription, status: 'open' }, at))).toEqual([])
  expect(await idsOf(stripe.invoicePayments.list({ invoice }, at))).toEqual([invoicePaymentId])
  const payment = { type: 'payment_intent', payment_intent: intent } as const
  expect(await idsOf(stripe.invoicePayments.list({ payment }, at))).toEqual([invoicePaymentId])
  expect(await idsOf(stripe.customers.list({ email: 'a@shop.example' }, at))).toEqual([customer])
  expect(await idsOf(stripe.customers.list({ email: 'b@shop.example' }, at))).toEqual([])
})

test('a payment filter needs its type, and no charge can be asked by', async () => {
  const { stripe } = await playStripe()
  // Types that the SDK would not let through.
  const asked = (payment: object): Promise<unknown> =>
    stripe.invoicePayments.list({ payment: payment as { type: 'payment_intent' } })
  await expect(asked({ payment_intent: 'pi_1' })).rejects.toMatchObject({ param: 'payment[type]' })
  await expect(asked({ type: 'charge', charge: 'ch_1' })).rejects.toMatchObject({ statusCode: 400 })
})

test('products and prices filter by what they are', async () => {
  const { stripe, world } = await playStripe()
  const account = world.account('acct_1')
  account.seed('product', { id: 'shirt', active: false })
  account.seed('product', { id: 'hat', type: 'good' })
  account.seed('price', { id: 'price_month', product: 'hat', lookup_key: 'm' })
  account.seed('price', { id: 'price_once', product: 'shirt', type: 'one_time', recurring: null })
  expect(await idsOf(stripe.products.list({}, at))).toEqual(['hat', 'shirt'])
  expect(await idsOf(stripe.products.list({ active: true }, at))).toEqual(['hat'])
  expect(await idsOf(stripe.products.list({ ids: ['shirt', 'gone'] }, at))).toEqual(['shirt'])
  expect(await idsOf(stripe.prices.list({ product: 'hat' }, at))).toEqual(['price_month'])
  expect(await idsOf(stripe.prices.list({ lookup_keys: ['m'] }, at))).toEqual(['price_month'])
  expect(await idsOf(stripe.prices.list({ recurring: { interval: 'month' } }, at))).toEqual(['price_month'])
})

test('subscriptions filter by their items', async () => {
  const { stripe, world } = await playStripe()
  const account = world.account('acct_1')
  const items = [{ price: 'price_a' }, { price: 'price_b', current_period_end: 2_000_000_000 }]
  const id = account.seed('subscription', { items })
  account.seed('subscription')
  expect(await idsOf(stripe.subscriptions.list({ price: 'price_b' }, at))).toEqual([id])
  const late = { current_period_end: { gte: 2_000_000_000 } }
  expect(await idsOf(stripe.subscriptions.list(late, at))).toEqual([id])
})

test('invoice payments do not exist for versions before basil', async () => {
  const { stripe } = await playStripe()
  await expect(stripe.invoicePayments.list({}, { apiVersion: ACACIA })).rejects.toMatchObject({
    statusCode: 404,
  })
})

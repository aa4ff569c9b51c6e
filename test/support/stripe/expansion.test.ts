import { expect, test } from 'vitest'
import { ACACIA } from './api-version.ts'
import { payInvoice } from './payment-story.ts'
import { type PlayedStripe, playStripe } from './played-stripe.ts'
import { PLATFORM_KEYS } from './world.ts'

const at = { stripeAccount: 'acct_1' }
const acacia = { ...at, apiVersion: ACACIA }

const paidInvoice = ({ world }: PlayedStripe) => {
  const account = world.account('acct_1')
  const customer = account.seed('customer', { email: 'a@shop.example' })
  const subscription = account.seed('subscription', { customer })
  const invoice = account.seed('invoice', { customer, subscription })
  account.update('subscription', subscription, { latest_invoice: invoice })
  const { chargeId, paymentIntentId } = payInvoice(account, invoice)
  return { customer, subscription, invoice, charge: chargeId ?? '', intent: paymentIntentId ?? '' }
}

test('a retrieve expands relatives, also relatives of relatives', async () => {
  const played = await playStripe()
  const { charge, customer, intent } = paidInvoice(played)
  const expand = ['customer', 'balance_transaction', 'payment_intent.latest_charge']
  const found = await played.stripe.charges.retrieve(charge, { expand }, at)
  expect(found).toMatchObject({
    customer: { id: customer, email: 'a@shop.example' },
    balance_transaction: { object: 'balance_transaction', source: charge },
    payment_intent: { id: intent, latest_charge: { id: charge, customer } },
  })
})

test('a list expands with the data prefix only', async () => {
  const played = await playStripe()
  const { invoice, intent } = paidInvoice(played)
  const expand = ['data.payments.data.payment']
  await expect(played.stripe.invoices.list({ expand }, at)).rejects.toMatchObject({ statusCode: 400 })
  const listed = await played.stripe.invoicePayments.list(
    { invoice, expand: ['data.payment.payment_intent', 'data.invoice'] },
    at,
  )
  expect(listed.data[0]).toMatchObject({
    invoice: { id: invoice },
    payment: { payment_intent: { id: intent } },
  })
  await expect(played.stripe.charges.list({ expand: ['customer'] }, at)).rejects.toThrow(
    "'data.customer' instead",
  )
})

test('four levels lead from an invoice payment to its charge', async () => {
  const played = await playStripe()
  const { invoice, charge } = paidInvoice(played)
  const expand = ['data.payment.payment_intent.latest_charge']
  const { data } = await played.stripe.invoicePayments.list({ invoice, status: 'paid', expand }, at)
  expect(data[0]).toMatchObject({ payment: { payment_intent: { latest_charge: { id: charge } } } })
})

test('an invoice includes its payments and its subscription when asked', async () => {
  const played = await playStripe()
  const { invoice, subscription, intent } = paidInvoice(played)
  const plain = await played.stripe.invoices.retrieve(invoice, {}, at)
  expect(plain).not.toHaveProperty('payments')
  const expand = ['payments.data.payment.payment_intent', 'parent.subscription_details.subscription']
  const found = await played.stripe.invoices.retrieve(invoice, { expand }, at)
  expect(found).toMatchObject({
    payments: { has_more: false, data: [{ payment: { payment_intent: { id: intent } } }] },
    parent: { subscription_details: { subscription: { id: subscription } } },
  })
})

test('five levels fail the whole request', async () => {
  const { stripe } = await playStripe()
  const expand = ['latest_invoice.payments.data.payment.payment_intent']
  await expect(stripe.subscriptions.retrieve('sub_1', { expand })).rejects.toMatchObject({
    type: 'StripeInvalidRequestError',
    statusCode: 400,
    code: 'property_expansion_max_depth',
    message: expect.stringContaining('more than 4 levels'),
  })
})

test.each(['colour', 'customer.colour', 'amount', 'invoice', '__proto__', 'outcome'])(
  'a charge has no %s that could be expanded',
  async (name) => {
    const { stripe, world } = await playStripe()
    world.account('acct_1').seed('charge', { id: 'ch_1' })
    await expect(stripe.charges.retrieve('ch_1', { expand: [name] }, at)).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringContaining('This property cannot be expanded'),
    })
  },
)

test('versions before basil expand links that newer ones have not', async () => {
  const played = await playStripe()
  const { charge, invoice, subscription } = paidInvoice(played)
  const found = await played.stripe.charges.retrieve(charge, { expand: ['invoice.subscription'] }, acacia)
  expect(found).toMatchObject({ invoice: { id: invoice, charge, subscription: { id: subscription } } })
  const tooNew = played.stripe.invoices.retrieve(invoice, { expand: ['payments'] }, acacia)
  await expect(tooNew).rejects.toThrow('cannot be expanded')
})

test('a deleted customer expands to its stub, a missing relative stays an id', async () => {
  const played = await playStripe()
  const account = played.world.account('acct_1')
  const { charge, customer } = paidInvoice(played)
  account.delete('customer', customer)
  const found = await played.stripe.charges.retrieve(charge, { expand: ['customer'] }, at)
  expect(found.customer).toEqual({ id: customer, object: 'customer', deleted: true })
  account.seed('refund', { id: 're_1', charge: 'ch_unknown' })
  const refund = await played.stripe.refunds.retrieve('re_1', { expand: ['charge'] }, at)
  expect(refund.charge).toBe('ch_unknown')
})

test('bare and indexed arrays ask for the same', async () => {
  const played = await playStripe()
  const { charge, customer } = paidInvoice(played)
  const headers = { authorization: `Bearer ${PLATFORM_KEYS.test}`, 'stripe-account': 'acct_1' }
  const answers = [
    'expand[]=customer&expand[]=balance_transaction',
    'expand[1]=customer&expand[0]=balance_transaction',
  ].map(async (query) =>
    (await fetch(`${played.server.url}/v1/charges/${charge}?${query}`, { headers })).json(),
  )
  const [bare, indexed] = await Promise.all(answers)
  expect(bare).toMatchObject({ customer: { id: customer }, balance_transaction: { source: charge } })
  expect(indexed).toEqual(bare)
  const word = await fetch(`${played.server.url}/v1/charges/${charge}?expand=customer`, { headers })
  expect(word.status).toBe(400)
})

test('an expanded relative is never older than the last change', async () => {
  const played = await playStripe()
  const { charge, customer } = paidInvoice(played)
  const emailOf = async (): Promise<unknown> =>
    (await played.stripe.charges.retrieve(charge, { expand: ['customer'] }, at)).customer
  expect(await emailOf()).toMatchObject({ email: 'a@shop.example' })
  played.world.account('acct_1').update('customer', customer, { email: 'b@shop.example' })
  expect(await emailOf()).toMatchObject({ email: 'b@shop.example' })
})

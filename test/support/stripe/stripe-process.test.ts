import Stripe from 'stripe'
import { expect, test } from 'vitest'
import { startStripeProcess } from './stripe-process.ts'
import { PLATFORM_KEYS } from './world.ts'

test('a process of its own serves a populated account', async () => {
  const plan = {
    customers: 3,
    products: 2,
    subscriptions: 2,
    paidInvoices: 4,
    charges: 5,
    refunds: 2,
    disputes: 1,
  }
  const played = await startStripeProcess({ accounts: { acct_1: plan }, limits: { perEndpoint: 100 } })
  const { hostname, port } = new URL(played.url)
  const stripe = new Stripe(PLATFORM_KEYS.test, { host: hostname, port, protocol: 'http', telemetry: false })
  const at = { stripeAccount: 'acct_1' }
  expect((await stripe.charges.list({}, at)).data).toHaveLength(9)
  expect((await stripe.refunds.list({}, at)).data).toHaveLength(2)
  const expand = ['data.payments.data.payment']
  await expect(stripe.invoices.list({ expand }, at)).rejects.toMatchObject({ statusCode: 400 })
  const { data } = await stripe.invoicePayments.list(
    { expand: ['data.payment.payment_intent.latest_charge'] },
    at,
  )
  expect(data).toMatchObject(
    Array(4).fill({ payment: { payment_intent: { latest_charge: { object: 'charge' } } } }),
  )
  expect(await played.report()).toEqual({ requests: 4, violations: [], cpuMs: expect.any(Number) })
  await played.stop()
  await expect(fetch(played.url)).rejects.toThrow()
})

import { expect, test } from 'vitest'
import { playStripe } from './played-stripe.ts'

const at = { stripeAccount: 'acct_1' }

test('lists inside objects are cut at ten, and completed at their url', async () => {
  const { stripe, world } = await playStripe()
  const account = world.account('acct_1')
  const twentyFive = Array.from({ length: 25 }, (_, index) => ({ id: `il_${index}`, amount: index }))
  const invoice = account.seed('invoice', { lines: twentyFive })
  const found = await stripe.invoices.retrieve(invoice, {}, at)
  expect(found.lines).toMatchObject({ has_more: true, url: `/v1/invoices/${invoice}/lines` })
  expect(found.lines.data.map(({ id }) => id)).toEqual(twentyFive.slice(0, 10).map(({ id }) => id))
  const whole = await stripe.invoices
    .listLineItems(invoice, { limit: 10 }, at)
    .autoPagingToArray({ limit: 100 })
  expect(whole.map(({ id }) => id)).toEqual(twentyFive.map(({ id }) => id))
  const rest = await stripe.invoices.listLineItems(invoice, { limit: 100, starting_after: 'il_9' }, at)
  expect(rest.data.map(({ id }) => id)).toEqual(twentyFive.slice(10).map(({ id }) => id))
})

test('subscription items are completed by a list that needs its subscription', async () => {
  const { stripe, world } = await playStripe()
  const items = Array.from({ length: 12 }, (_, index) => ({ id: `si_${index}`, price: `price_${index}` }))
  const subscription = world.account('acct_1').seed('subscription', { items })
  const found = await stripe.subscriptions.retrieve(subscription, {}, at)
  expect(found.items).toMatchObject({ has_more: true, data: { length: 10 } })
  const whole = await stripe.subscriptionItems.list({ subscription, limit: 100 }, at)
  expect(whole.data.map(({ id, price }) => [id, price.id])).toEqual(items.map(({ id, price }) => [id, price]))
  // A type that the SDK would not let through.
  await expect(stripe.subscriptionItems.list({} as { subscription: string }, at)).rejects.toMatchObject({
    code: 'parameter_missing',
  })
})

test('an included list leads to the rest of its entries', async () => {
  const { stripe, world, server } = await playStripe()
  const account = world.account('acct_1')
  const customer = account.seed('customer')
  for (let count = 0; count < 11; count += 1) account.seed('subscription', { customer })
  const found = await stripe.customers.retrieve(customer, { expand: ['subscriptions'] }, at)
  expect(found).toMatchObject({ subscriptions: { has_more: true, data: { length: 10 } } })
  const headers = { authorization: 'Bearer sk_test_platform', 'stripe-account': 'acct_1' }
  const rest = await fetch(`${server.url}/v1/customers/${customer}/subscriptions?limit=100`, { headers })
  expect(await rest.json()).toMatchObject({ has_more: false, data: { length: 11 } })
})

test('a deleted customer leaves a stub and no list has it', async () => {
  const { stripe, world } = await playStripe()
  const account = world.account('acct_1')
  const id = account.seed('customer')
  account.seed('customer', { id: 'cus_kept' })
  account.delete('customer', id)
  expect(await stripe.customers.retrieve(id, {}, at)).toEqual({ id, object: 'customer', deleted: true })
  const { data } = await stripe.customers.list({}, at)
  expect(data.map((customer) => customer.id)).toEqual(['cus_kept'])
})

test('deleted products and draft invoices are gone', async () => {
  const { stripe, world } = await playStripe()
  const account = world.account('acct_1')
  account.delete('product', account.seed('product', { id: 'prod_1' }))
  account.delete('invoice', account.seed('invoice', { id: 'in_1' }))
  const missing = {
    type: 'StripeInvalidRequestError',
    statusCode: 404,
    code: 'resource_missing',
    param: 'id',
  }
  await expect(stripe.products.retrieve('prod_1', {}, at)).rejects.toMatchObject(missing)
  await expect(stripe.invoices.retrieve('in_1', {}, at)).rejects.toMatchObject(missing)
  expect((await stripe.products.list({}, at)).data).toEqual([])
})

test('ids of any spelling are found', async () => {
  const { stripe, world } = await playStripe()
  const id = world.account('acct_1').seed('product', { id: 'T shirt/ü %41' })
  expect((await stripe.products.retrieve(id, {}, at)).id).toBe(id)
})

test('hostile metadata comes out as it went in', async () => {
  const { world, server } = await playStripe()
  const metadata = JSON.parse('{"__proto__":"x","$set":"y","a.b":"z","":"empty","_bsontype":"ObjectId"}')
  const id = world.account('acct_1').seed('customer', { metadata })
  world.account('acct_1').update('customer', id, { metadata: { more: 'm' } })
  const headers = { authorization: 'Bearer sk_test_platform', 'stripe-account': 'acct_1' }
  const text = await (await fetch(`${server.url}/v1/customers/${id}`, { headers })).text()
  expect(text).toContain(
    '"metadata":{"__proto__":"x","$set":"y","a.b":"z","":"empty","_bsontype":"ObjectId","more":"m"}',
  )
})

test.each([
  ['GET', '/v1/charges/'],
  ['GET', '/v1/unknown'],
  ['GET', '/v2/core/events'],
  ['POST', '/v1/charges'],
])('%s %s is not played', async (method, path) => {
  const { server } = await playStripe()
  const answer = await fetch(server.url + path, {
    method,
    headers: { authorization: 'Bearer sk_test_platform' },
  })
  expect(answer.status).toBe(404)
  expect(await answer.json()).toMatchObject({ error: { type: 'invalid_request_error' } })
})

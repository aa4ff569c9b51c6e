import type Stripe from 'stripe'
import { expect, test } from 'vitest'
import { ACACIA, ENDIVE } from './api-version.ts'
import { eventPayload } from './event-record.ts'
import { playStripe } from './played-stripe.ts'

const at = { stripeAccount: 'acct_1' }
const DAY = 86_400
const typesOf = async (events: Stripe.ApiListPromise<Stripe.Event>): Promise<string[]> =>
  (await events).data.map(({ type }) => type)

test('events are listed newest first, per account and mode', async () => {
  const { stripe, world } = await playStripe()
  const account = world.account('acct_1')
  const id = account.create('customer').id
  world.clock.advance(1)
  account.update('customer', id, { name: 'Ada' })
  world.account('acct_2').create('product')
  world.account('acct_1', 'live').create('product')
  expect(await typesOf(stripe.events.list({}, at))).toEqual(['customer.updated', 'customer.created'])
  const { data } = await stripe.events.list({}, at)
  expect(data[0]).toMatchObject({
    account: 'acct_1',
    livemode: false,
    data: { object: { id, name: 'Ada' }, previous_attributes: { name: null } },
  })
  expect(data[0]).toEqual(await stripe.events.retrieve(data[0]?.id ?? '', {}, at))
})

test('events keep the version and the state of their creation', async () => {
  const { stripe, world } = await playStripe()
  world.setApiVersion('acct_1', ACACIA)
  const account = world.account('acct_1')
  const id = account.create('charge', { invoice: 'in_1' }).id
  world.setApiVersion('acct_1', ENDIVE)
  world.clock.advance(1)
  account.update('charge', id, { description: 'later' })
  const { data } = await stripe.events.list({}, { ...at, apiVersion: ENDIVE })
  expect(data[1]).toMatchObject({
    api_version: ACACIA,
    data: { object: { invoice: 'in_1', description: null } },
  })
  expect(data[0]?.api_version).toBe(ENDIVE)
  expect(data[0]?.data.object).not.toHaveProperty('invoice')
})

test('events filter by type, types, created and delivery', async () => {
  const { stripe, world } = await playStripe()
  const account = world.account('acct_1')
  account.create('customer')
  world.clock.advance(10)
  account.create('product')
  world.clock.advance(10)
  const [charge] = account.create('charge').events
  const list = (params: Stripe.EventListParams): Promise<string[]> => typesOf(stripe.events.list(params, at))
  expect(await list({ type: 'product.created' })).toEqual(['product.created'])
  expect(await list({ type: 'c*' })).toEqual(['charge.succeeded', 'customer.created'])
  expect(await list({ types: ['customer.created', 'product.created'] })).toEqual([
    'product.created',
    'customer.created',
  ])
  expect(await list({ created: { gte: world.clock.now() - 10, lt: world.clock.now() } })).toEqual([
    'product.created',
  ])
  if (charge !== undefined) charge.delivered = true
  expect(await list({ delivery_success: true })).toEqual(['charge.succeeded'])
  expect(await list({ delivery_success: false })).toEqual(['product.created', 'customer.created'])
})

test('type and types together, or more than twenty types, are refused', async () => {
  const { stripe } = await playStripe()
  const refused = { statusCode: 400, param: 'types' }
  await expect(stripe.events.list({ type: 'a', types: ['b'] })).rejects.toMatchObject(refused)
  const types = Array.from({ length: 21 }, (_, index) => `type.${index}`)
  await expect(stripe.events.list({ types })).rejects.toMatchObject(refused)
})

test('events older than thirty days are forgotten', async () => {
  const { stripe, world } = await playStripe()
  const old = world.account('acct_1').create('customer').events[0]?.id ?? ''
  world.clock.advance(30 * DAY)
  expect(await typesOf(stripe.events.list({}, at))).toEqual(['customer.created'])
  world.clock.advance(1)
  expect(await typesOf(stripe.events.list({}, at))).toEqual([])
  await expect(stripe.events.retrieve(old, {}, at)).rejects.toMatchObject({ code: 'resource_missing' })
  await expect(stripe.events.list({ ending_before: old }, at)).rejects.toMatchObject({
    param: 'ending_before',
  })
})

test('ending_before replays events in the order of their time', async () => {
  const { stripe, world } = await playStripe()
  const account = world.account('acct_1')
  const ids = Array.from({ length: 25 }, () => {
    world.clock.advance(1)
    return account.create('charge').events[0]?.id ?? ''
  })
  const replayed = await stripe.events
    .list({ ending_before: ids[2] ?? '', limit: 10 }, at)
    .autoPagingToArray({ limit: 100 })
  expect(replayed.map(({ id }) => id)).toEqual(ids.slice(3))
})

test('the platform lists its own events without an account', async () => {
  const { stripe, world } = await playStripe()
  const [event] = world.platform().create('customer').events
  expect(await typesOf(stripe.events.list())).toEqual(['customer.created'])
  expect(event === undefined ? {} : eventPayload(event)).not.toHaveProperty('account')
})

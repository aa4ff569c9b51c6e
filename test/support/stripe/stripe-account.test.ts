import { expect, test } from 'vitest'
import { ACACIA, CLASSIC } from './api-version.ts'
import { eventPayload } from './event-record.ts'
import { ImpossibleInStripe } from './impossible-in-stripe.ts'
import { World } from './world.ts'

const START = 1_700_000_000
const newAccount = () => {
  const world = new World({ startAt: START })
  return { world, account: world.account('acct_1') }
}
const typesOf = (change: { readonly events: readonly { readonly type: string }[] }): string[] =>
  change.events.map(({ type }) => type)

test('a creation emits its event and moves no clock', () => {
  const { account, world } = newAccount()
  const { id, events } = account.create('customer', { email: 'a@shop.example' })
  expect(events.map((event) => eventPayload(event))).toMatchObject([
    {
      object: 'event',
      type: 'customer.created',
      account: 'acct_1',
      created: START,
      livemode: false,
      pending_webhooks: 1,
      request: { id: null, idempotency_key: null },
      data: { object: { id, object: 'customer', email: 'a@shop.example', created: START } },
    },
  ])
  expect(account.events).toEqual(events)
  expect(world.clock.now()).toBe(START)
})

test('a seed makes an object of its own age without an event', () => {
  const { account } = newAccount()
  const id = account.seed('charge', { created: 5 })
  expect(account.get('charge', id).created).toBe(5)
  expect(account.events).toEqual([])
})

test('an update tells the former values of what changed, and only those', () => {
  const { account } = newAccount()
  const id = account.seed('customer', {
    name: 'Ada',
    address: { city: 'London', country: 'GB' },
    metadata: { kept: '1', changed: '2', removed: '3' },
  })
  const { events } = account.update('customer', id, {
    name: 'Ada',
    phone: '1',
    address: { city: 'Paris', country: 'GB' },
    metadata: { changed: 'x', removed: '', added: 'y' },
  })
  const [payload] = events.map((event) => eventPayload(event))
  expect(payload?.data).toMatchObject({
    previous_attributes: {
      phone: null,
      address: { city: 'London' },
      metadata: { changed: '2', removed: '3', added: null },
    },
  })
  expect(payload).not.toHaveProperty('data.previous_attributes.name')
  expect(payload).not.toHaveProperty('data.previous_attributes.address.country')
  expect(account.get('customer', id).metadata).toEqual({ kept: '1', changed: 'x', added: 'y' })
})

test('an update that changes nothing emits nothing', () => {
  const { account } = newAccount()
  const id = account.seed('product', { name: 'Hat' })
  expect(typesOf(account.update('product', id, { name: 'Hat' }))).toEqual([])
  expect(typesOf(account.update('product', id, { name: 'Cap' }))).toEqual(['product.updated'])
})

test('metadata is cleared as a whole by an empty text', () => {
  const { account } = newAccount()
  const id = account.seed('product', { metadata: { a: '1' } })
  account.update('product', id, { metadata: '' })
  expect(account.get('product', id).metadata).toEqual({})
})

test('an event is rendered at any version, with former values in that shape', () => {
  const { account } = newAccount()
  const id = account.seed('subscription', { items: [{ current_period_start: 1, current_period_end: 2 }] })
  const [event] = account.update('subscription', id, {
    current_period_start: 2,
    current_period_end: 3,
  }).events
  if (event === undefined) throw new Error('no event')
  const old = eventPayload(event, { apiVersion: ACACIA })
  expect(old).toMatchObject({ api_version: ACACIA, data: { object: { current_period_end: 3 } } })
  expect(old).toHaveProperty('data.previous_attributes', { current_period_start: 1, current_period_end: 2 })
  expect(eventPayload(event)).toHaveProperty('data.previous_attributes.items.data')
})

test('an event shows the state of its time whatever happens later', () => {
  const { account } = newAccount()
  const { id, events } = account.create('charge')
  account.create('refund', { charge: id })
  account.update('charge', id, { description: 'later' })
  const [event] = events.map((created) => eventPayload(created, { apiVersion: CLASSIC }))
  expect(event).toMatchObject({ data: { object: { description: null, refunds: { data: [] } } } })
})

test.each([
  ['charge', { status: 'pending' }, { status: 'succeeded' }, ['charge.succeeded']],
  ['charge', { status: 'pending' }, { status: 'failed' }, ['charge.failed']],
  ['charge', { captured: false }, { captured: true, amount_captured: 2000 }, ['charge.captured']],
  ['charge', {}, { amount_refunded: 5 }, ['charge.refunded']],
  ['charge', {}, { description: 'x' }, ['charge.updated']],
  ['dispute', {}, { status: 'under_review' }, ['charge.dispute.updated']],
  ['dispute', {}, { status: 'lost' }, ['charge.dispute.closed']],
  ['refund', { status: 'pending' }, { status: 'succeeded' }, ['refund.updated']],
  ['refund', {}, { status: 'failed' }, ['refund.updated', 'refund.failed']],
  ['invoice', {}, { status: 'open' }, ['invoice.updated', 'invoice.finalized']],
  ['invoice', { status: 'open' }, { status: 'void' }, ['invoice.updated', 'invoice.voided']],
  ['invoice', { status: 'open' }, { status: 'paid' }, ['invoice.updated', 'invoice.paid']],
  [
    'subscription',
    {},
    { status: 'paused' },
    ['customer.subscription.updated', 'customer.subscription.paused'],
  ],
  [
    'subscription',
    { status: 'paused' },
    { status: 'active' },
    ['customer.subscription.updated', 'customer.subscription.resumed'],
  ],
  ['subscription', {}, { status: 'canceled' }, ['customer.subscription.deleted']],
  ['account', {}, { email: 'x@shop.example' }, ['account.updated']],
  ['invoice_payment', {}, { status: 'paid' }, ['invoice_payment.paid']],
  ['payment_intent', {}, { status: 'canceled' }, ['payment_intent.canceled']],
] as const)('a %s of %j changed by %j emits %j', (type, fields, patch, types) => {
  const { account } = newAccount()
  const id = account.seed(type, { id: `${type}_1`, ...fields })
  expect(typesOf(account.update(type, id, patch))).toEqual(types)
})

test('a deleted customer ends its subscriptions first', () => {
  const { account } = newAccount()
  const customer = account.seed('customer', { name: 'Ada' })
  const subscription = account.seed('subscription', { customer })
  const { events } = account.delete('customer', customer)
  expect(typesOf({ events })).toEqual(['customer.subscription.deleted', 'customer.deleted'])
  expect(account.get('subscription', subscription)).toMatchObject({ status: 'canceled', ended_at: START })
  expect(events.map((event) => eventPayload(event))[1]).toHaveProperty('data.object.name', 'Ada')
})

test('a deletion may tell only the stub', () => {
  const { account } = newAccount()
  const { id, events } = account.delete('product', account.seed('product'), { payload: 'stub' })
  const [payload] = events.map((event) => eventPayload(event))
  expect(payload).toHaveProperty('data', { object: { id, object: 'product', deleted: true } })
})

test('a deleted customer can be made again under its id', () => {
  const { account } = newAccount()
  account.delete('customer', account.seed('customer', { id: 'cus_1' }))
  expect(typesOf(account.create('customer', { id: 'cus_1' }))).toEqual(['customer.created'])
  expect(account.ids('customer')).toEqual(['cus_1'])
})

test('what Stripe refuses is refused to the test', () => {
  const { account } = newAccount()
  const charge = account.seed('charge')
  const invoice = account.seed('invoice', { status: 'paid' })
  expect(() => account.delete('charge', charge)).toThrow(ImpossibleInStripe)
  expect(() => account.delete('invoice', invoice)).toThrow('Only a draft invoice')
  expect(() => account.update('charge', 'ch_gone', {})).toThrow('There is no charge ch_gone')
  expect(() => account.seed('charge', { id: charge })).toThrow('already')
})

test('mutations carry idempotency keys and other types on request', () => {
  const { account } = newAccount()
  const { events } = account.create(
    'customer',
    {},
    { idempotencyKey: 'key_1', types: ['customer.created', 'x.y'] },
  )
  expect(typesOf({ events })).toEqual(['customer.created', 'x.y'])
  expect(events[0]?.request).toMatchObject({ id: expect.stringMatching(/^req_/), idempotency_key: 'key_1' })
})

test('twins tell the same change under two ids', () => {
  const { account } = newAccount()
  const [event] = account.create('customer').events
  if (event === undefined) throw new Error('no event')
  const twin = account.twin(event)
  expect(twin.id).not.toBe(event.id)
  expect({ ...eventPayload(twin), id: event.id }).toEqual(eventPayload(event))
  expect(account.events).toHaveLength(2)
})

test('events about anything can be emitted by hand', () => {
  const { account } = newAccount()
  const invoice = account.seed('invoice')
  const sent = account.emitAbout('invoice.sent', 'invoice', invoice)
  expect(eventPayload(sent)).toMatchObject({ type: 'invoice.sent', data: { object: { id: invoice } } })
  const upcoming = account.emit('invoice.upcoming', { object: 'invoice' })
  expect(eventPayload(upcoming)).toHaveProperty('data.object', { object: 'invoice' })
})

test('ids repeat from world to world and tell no order', () => {
  const ids = (): string[] => {
    const { account } = newAccount()
    return Array.from({ length: 50 }, () => account.seed('charge'))
  }
  expect(ids()).toEqual(ids())
  expect(ids()).not.toEqual(ids().sort())
})

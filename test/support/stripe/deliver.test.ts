import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Stripe from 'stripe'
import { expect, onTestFinished, test } from 'vitest'
import { ACACIA } from './api-version.ts'
import { deliver } from './deliver.ts'
import { thinEventOf } from './thin-event.ts'
import { World } from './world.ts'

const secret = 'whsec_one'

/** A receiver that answers with the given statuses in turn, the last one for ever, and keeps what it got. */
const receiver = async (...statuses: readonly number[]) => {
  const received: { body: string; signature: string }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      response.writeHead(statuses[received.length] ?? statuses.at(-1) ?? 200).end('{"received":true}')
      received.push({ body, signature: String(request.headers['stripe-signature']) })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())))
  // A TCP server that listens has an address of this form.
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/webhooks`, received }
}

const accepted = ({ body, signature }: { body: string; signature: string }, key = secret): Stripe.Event =>
  Stripe.webhooks.constructEvent(body, signature, key)

const threeEvents = () => {
  const account = new World().account('acct_1')
  return (['customer', 'product', 'price'] as const).flatMap((type) => account.create(type).events)
}

test('delivered events are accepted by the SDK', async () => {
  const { url, received } = await receiver(200)
  const events = threeEvents()
  const results = await deliver(events, { url, secret })
  expect(results).toMatchObject(
    events.map(({ id }) => ({ eventId: id, status: 200, body: '{"received":true}', attempts: 1 })),
  )
  expect(received.map((delivery) => accepted(delivery))).toMatchObject(
    events.map(({ id, type }) => ({ id, type, account: 'acct_1', pending_webhooks: 1 })),
  )
  expect(events.map(({ delivered }) => delivered)).toEqual([true, true, true])
})

test('events are signed for each secret while one is rolled', async () => {
  const { url, received } = await receiver(200)
  await deliver(threeEvents().slice(0, 1), { url, secret: [secret, 'whsec_two'] })
  const [delivery] = received
  if (delivery === undefined) throw new Error('nothing received')
  expect(delivery.signature.match(/v1=/g)).toHaveLength(2)
  for (const key of [secret, 'whsec_two']) expect(accepted(delivery, key).type).toBe('customer.created')
  expect(() => accepted(delivery, 'whsec_three')).toThrow(Stripe.errors.StripeSignatureVerificationError)
})

test('stale, spoilt and missing signatures are sent on request', async () => {
  const { url, received } = await receiver(400)
  const [event] = threeEvents()
  if (event === undefined) throw new Error('no event')
  await deliver([event], { url, secret }, { timestamp: 1_000 })
  await deliver([event], { url, secret }, { signature: (header) => header.replace('v1=', 'v1=0') })
  await deliver([event], { url, secret }, { signature: () => undefined })
  for (const delivery of received)
    expect(() => accepted(delivery)).toThrow(Stripe.errors.StripeSignatureVerificationError)
  expect(received[2]?.signature).toBe('undefined')
  expect(event.delivered).toBe(false)
})

test('an endpoint gets its own version, and the account if it is Connect', async () => {
  const { url, received } = await receiver(200)
  const { events } = new World().account('acct_1').create('charge', { invoice: 'in_1' })
  await deliver(events, { url, secret, apiVersion: ACACIA, isConnect: false })
  const [event] = received.map((delivery) => accepted(delivery))
  expect(event).toMatchObject({ api_version: ACACIA, data: { object: { invoice: 'in_1' } } })
  expect(event).not.toHaveProperty('account')
})

test('copies and orders are as asked, shuffles by seed', async () => {
  const { url, received } = await receiver(200)
  const events = threeEvents()
  const ids = events.map(({ id }) => id)
  const sent = async (options: object): Promise<(string | null)[]> =>
    (await deliver(events, { url, secret }, options)).map(({ eventId }) => eventId)
  expect(await sent({ copies: 2 })).toEqual(ids.flatMap((id) => [id, id]))
  expect(await sent({ order: 'reversed' })).toEqual(ids.toReversed())
  const shuffled = await sent({ order: { shuffledBy: 7 }, copies: 5 })
  expect(await sent({ order: { shuffledBy: 7 }, copies: 5 })).toEqual(shuffled)
  expect(shuffled).not.toEqual(ids.flatMap((id) => Array(5).fill(id)))
  expect(received).toHaveLength(39)
})

test('a delivery is tried again until it is taken', async () => {
  const { url, received } = await receiver(503, 500, 200)
  const [event] = threeEvents()
  if (event === undefined) throw new Error('no event')
  const results = await deliver([event], { url, secret }, { attempts: 5 })
  expect(results).toMatchObject([{ status: 200, attempts: 3 }])
  expect(received).toHaveLength(3)
  expect(event.delivered).toBe(true)
})

test('no answer is a result and not a throw', async () => {
  const results = await deliver(threeEvents(), { url: 'http://127.0.0.1:1/', secret }, { concurrency: 3 })
  expect(results.map(({ status, error }) => [status, error])).toEqual(Array(3).fill([null, 'ECONNREFUSED']))
})

test('payloads can be changed, made up, or sent byte for byte', async () => {
  const { url, received } = await receiver(200)
  const events = threeEvents().slice(0, 1)
  await deliver(
    events,
    { url, secret },
    { payload: (payload) => ({ ...payload, type: 'charge.teleported' }) },
  )
  await deliver([{ id: 'evt_made_up', object: 'event' }, ' not json'], { url, secret })
  expect(accepted(received[0] ?? { body: '', signature: '' }).type).toBe('charge.teleported')
  expect(received[1]?.body).toBe('{"id":"evt_made_up","object":"event"}')
  expect(received[2]?.body).toBe(' not json')
})

test('a thin twin is accepted as a notification of the newer family', async () => {
  const { url, received } = await receiver(200)
  const [event] = new World({ startAt: 1_700_000_000 })
    .account('acct_1')
    .create('charge', { id: 'ch_1' }).events
  if (event === undefined) throw new Error('no event')
  await deliver([thinEventOf(event)], { url, secret })
  const { body, signature } = received[0] ?? { body: '', signature: '' }
  expect(new Stripe('sk_test_x').parseEventNotification(body, signature, secret)).toMatchObject({
    type: 'v1.charge.succeeded',
    related_object: { id: 'ch_1', type: 'charge', url: '/v1/charges/ch_1' },
  })
  expect(JSON.parse(body)).toMatchObject({ created: '2023-11-14T22:13:20.000Z', snapshot_event: event.id })
})

import { describe, expect, test } from 'vitest'
import { handleDeliveries } from '../../src/pipeline/handle-deliveries.ts'
import type { Delivery } from '../../src/ports/pipeline-store.ts'
import { deliveryOfText } from '../support/deliveries.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { deliveryOf, deliveryOptions, readerOf, thinDeliveryOf } from '../support/reading-pipeline.ts'
import { renewSubscription } from '../support/stripe/billing-story.ts'
import type { EventRecord } from '../support/stripe/event-record.ts'
import { refundCharge } from '../support/stripe/money-back-story.ts'
import { payInvoice } from '../support/stripe/payment-story.ts'
import { playStripe } from '../support/stripe/played-stripe.ts'
import { thinEventOf } from '../support/stripe/thin-event.ts'

/** A product that was made and deleted a minute ago, of which Stripe shows nothing any more. */
const deletedProduct = async () => {
  const { server, world } = await playStripe()
  world.clock.set(Math.floor(Date.now() / 1000) - 60)
  const account = world.account('acct_1')
  const made = account.create('product', { name: 'Plan' })
  world.clock.advance(1)
  const deletedAt = world.clock.now()
  const deleted = account.delete('product', made.id)
  world.clock.run()
  const [creation] = made.events.map((event) => deliveryOf(event))
  const [deletion] = deleted.events.map(thinDeliveryOf)
  const [event] = deleted.events
  if (creation === undefined || deletion === undefined || event === undefined)
    throw new TypeError('a product came without events')
  return { server, creation, deletion, deleted: event, deletedAt }
}

/** What Stripe sends in place of an event that it could not make. */
const lostDeliveryOf = (event: EventRecord): Delivery => {
  const { related_object, context, type, ...thin } = thinEventOf(event)
  const impact = { context: context ?? null, event_type: event.type, related_object: related_object ?? null }
  return deliveryOfText(
    JSON.stringify({ ...thin, type: 'v2.core.health.event_generation_failure.resolved', data: { impact } }),
  )
}

describe('an event that Stripe could not make', () => {
  test('is made up for by reading the object that it was about', async () => {
    const { server, world } = await playStripe()
    world.clock.set(Math.floor(Date.now() / 1000) - 60)
    const account = world.account('acct_1')
    const made = account.create('customer', { name: 'Ann' })
    world.clock.advance(1)
    const [lost] = account.update('customer', made.id, { name: 'Anna' }).events
    world.clock.run()
    const [creation] = made.events.map((event) => deliveryOf(event))
    if (creation === undefined || lost === undefined) throw new TypeError('a customer came without events')
    const store = new MemoryStore([])
    await handleDeliveries([creation], deliveryOptions(store, null))
    const { outcomes } = await handleDeliveries(
      [lostDeliveryOf(lost)],
      deliveryOptions(store, readerOf(server)),
    )
    expect(outcomes).toMatchObject([{ outcome: 'applied' }])
    expect(store.dump()['billing.customers']).toMatchObject([{ stripe_user_id: 'acct_1', name: 'Anna' }])
  })

  test('makes a tombstone where it was a deletion and Stripe answers 404', async () => {
    const { server, creation, deleted, deletedAt } = await deletedProduct()
    const store = new MemoryStore([])
    for (const delivery of [creation, lostDeliveryOf(deleted)])
      await handleDeliveries([delivery], deliveryOptions(store, readerOf(server)))
    expect(store.dump()['billing.products']).toMatchObject([
      { name: 'Plan', deleted: true, deleted_at: new Date(deletedAt * 1_000) },
    ])
  })
})

describe('a thin event of a refund', () => {
  test('has its charge read again, as a whole one has', async () => {
    const { server, world } = await playStripe()
    world.clock.set(Math.floor(Date.now() / 1000) - 60)
    const account = world.account('acct_1')
    const charge = account.create('charge', { customer: account.create('customer').id, amount: 1_000 })
    world.clock.advance(1)
    const refund = refundCharge(account, charge.id, { amount: 400 })
    world.clock.run()
    const store = new MemoryStore([])
    await handleDeliveries(
      charge.events.map((event) => deliveryOf(event)),
      deliveryOptions(store, null),
    )
    const [created] = refund.events.filter(({ type }) => type === 'refund.created').map(thinDeliveryOf)
    if (created === undefined) throw new TypeError('a refund came without its event')
    await handleDeliveries([created], deliveryOptions(store, readerOf(server)))
    expect(store.dump()['billing.refunds']).toMatchObject([{ stripe_id: refund.id }])
    expect(store.dump()['billing.charges']).toMatchObject([{ stripe_id: charge.id, amount_refunded: 400 }])
  })
})

describe('a thin event of an account that had left', () => {
  const told = (verb: string, created: number): Delivery =>
    deliveryOfText(
      JSON.stringify({
        ...{ id: `evt_${verb}`, object: 'event', type: `account.application.${verb}`, account: 'acct_1' },
        ...{ created, livemode: false, api_version: '2026-10-28.endive' },
        data: { object: { id: 'ca_1', object: 'application' } },
      }),
    )

  test.each([0, 1])('is read where the batch tells of its return, in either order (%i)', async (turn) => {
    const { server, world } = await playStripe()
    world.clock.set(Math.floor(Date.now() / 1000) - 60)
    const left = world.clock.now()
    const account = world.account('acct_1')
    world.clock.advance(2)
    const [made] = account.create('customer', { name: 'Ann' }).events.map(thinDeliveryOf)
    world.clock.run()
    if (made === undefined) throw new TypeError('a customer came without events')
    const store = new MemoryStore([])
    const options = deliveryOptions(store, readerOf(server))
    await handleDeliveries([told('deauthorized', left)], options)
    expect((await handleDeliveries([made], options)).outcomes).toMatchObject([{ outcome: 'ignored' }])
    const batch = [told('authorized', left + 1), made]
    await handleDeliveries(turn === 0 ? batch : batch.reverse(), options)
    expect(store.dump()['billing.customers']).toMatchObject([{ name: 'Ann' }])
  })
})

describe('a thin event of a deletion', () => {
  test('makes a tombstone where Stripe answers 404, in either order', async () => {
    const { server, creation, deletion, deletedAt } = await deletedProduct()
    for (const order of [
      [creation, deletion],
      [deletion, creation],
    ]) {
      const store = new MemoryStore([])
      for (const delivery of order)
        await handleDeliveries([delivery], deliveryOptions(store, readerOf(server)))
      expect(store.dump()['billing.products']).toMatchObject([
        { name: 'Plan', deleted: true, deleted_at: new Date(deletedAt * 1_000) },
      ])
    }
  })

  test('tells since when where Stripe only says that the object is deleted', async () => {
    const { server, world } = await playStripe()
    world.clock.set(Math.floor(Date.now() / 1000) - 60)
    const account = world.account('acct_1')
    const made = account.create('customer', { name: 'Ann' })
    world.clock.advance(1)
    const deleted_at = new Date(world.clock.now() * 1_000)
    const deletion = account.delete('customer', made.id).events.map(thinDeliveryOf)
    world.clock.run()
    for (const batches of [[deletion], [deletion, deletion]]) {
      const store = new MemoryStore([])
      for (const deliveries of batches)
        await handleDeliveries(deliveries, deliveryOptions(store, readerOf(server)))
      expect(store.dump()['billing.customers']).toMatchObject([{ deleted: true, deleted_at }])
    }
  })

  test('is ignored while there is no key to ask with', async () => {
    const { creation, deletion } = await deletedProduct()
    const store = new MemoryStore([])
    const { outcomes } = await handleDeliveries([creation, deletion], deliveryOptions(store, null))
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['applied', 'ignored'])
    expect(store.dump()['billing.products']?.[0]).not.toHaveProperty('deleted')
  })
})

/** The events of an invoice that was paid a minute ago. */
const paidInvoice = async () => {
  const { server, world } = await playStripe()
  world.clock.set(Math.floor(Date.now() / 1000) - 60)
  const account = world.account('acct_1')
  const customer = account.create('customer', { name: 'Ann' }).id
  const subscription = account.create('subscription', { customer }).id
  const { id } = renewSubscription(account, subscription)
  payInvoice(account, id)
  world.clock.run()
  const invoiceEvents = account.events.filter(({ type }) => type.startsWith('invoice.'))
  return { server, id, thin: invoiceEvents.map(thinDeliveryOf) }
}

describe('a thin event of a payment', () => {
  test('is told of in a message, as a whole one is', async () => {
    const { server, id, thin } = await paidInvoice()
    const store = new MemoryStore([])
    for (const delivery of [...thin, ...thin])
      await handleDeliveries([delivery], deliveryOptions(store, readerOf(server)))
    expect(store.dump()['support.messages']).toMatchObject([{ invoice: id }])
  })

  test('is what makes the message: other news of a paid invoice make none', async () => {
    const { server, thin } = await paidInvoice()
    const store = new MemoryStore([])
    const others = thin.filter(({ event }) => event.type === 'v1.invoice.updated')
    await handleDeliveries(others, deliveryOptions(store, readerOf(server)))
    expect(store.dump()['billing.invoices']).toMatchObject([{ status: 'paid' }])
    expect(store.dump()['support.messages']).toBeUndefined()
  })
})

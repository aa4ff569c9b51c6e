import { describe, expect, test } from 'vitest'
import { charge, invoice, stripeEvent, subscription } from '../oracle/hand-written.ts'
import { EventDeliveries } from '../support/event-deliveries.ts'
import { loadEvent } from '../support/fixture-files.ts'
import { ordersOf } from '../support/observed.ts'

type Fields = Record<string, unknown>

const told = (verb: string, at: number, fields: Fields = {}) =>
  stripeEvent({ type: `customer.subscription.${verb}`, at, object: subscription(fields) })

describe('a subscription', () => {
  test.each(['acacia', 'endive'])('of an %s endpoint shows its current period', async (generation) => {
    const deliveries = new EventDeliveries()
    const event = loadEvent(`customer.subscription.created.${generation}`)
    await deliveries.deliver(event)
    const { current_period_start: start, current_period_end: end } = deliveries.only('billing.subscriptions')
    expect(start).toBeTypeOf('number')
    expect(Number(end)).toBeGreaterThan(Number(start))
  })

  test('that ended is canceled and no tombstone', async () => {
    const events = [told('created', 1), told('updated', 5), told('deleted', 9, { status: 'canceled' })]
    for (const order of ordersOf(events)) {
      const deliveries = new EventDeliveries()
      await deliveries.deliverEach(...order)
      const document = deliveries.only('billing.subscriptions')
      expect(document).toMatchObject({ status: 'canceled' })
      expect(document).not.toHaveProperty('deleted')
    }
  })

  test.each(['paused', 'resumed', 'trial_will_end', 'pending_update_applied', 'pending_update_expired'])(
    'is stored by %s, its beginning seen or not',
    async (verb) => {
      const deliveries = new EventDeliveries()
      expect(await deliveries.deliver(told(verb, 5))).toEqual(['applied'])
      expect(deliveries.only('billing.subscriptions')).toMatchObject({ stripe_id: 'sub_1' })
    },
  )

  test('follows the latest state in its latest invoice and customer', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliverEach(
      told('updated', 9, { latest_invoice: 'in_2', customer: 'cus_2' }),
      told('updated', 5, { latest_invoice: 'in_1' }),
    )
    expect(deliveries.only('billing.subscriptions')).toMatchObject({
      latest_invoice: 'in_2',
      customer: 'cus_2',
    })
  })
})

describe("a subscription's metadata", () => {
  const billed = (id: string, fields: Fields = {}) =>
    stripeEvent({
      type: 'invoice.finalized',
      at: 3,
      object: invoice({ id, subscription: 'sub_1', ...fields }),
      id: `evt_${id}`,
    })
  const paidBy = (id: string, of: string, fields: Fields = {}) =>
    stripeEvent({
      type: 'charge.succeeded',
      at: 4,
      object: charge({ id, invoice: of, payment_intent: null, ...fields }),
      id: `evt_${id}`,
    })
  const withPlan = told('updated', 5, { metadata: { plan: 'gold', team: 'blue' } })
  const metadataOf = (deliveries: EventDeliveries) =>
    ['billing.invoices', 'billing.charges'].flatMap((name) =>
      deliveries
        .documents(name)
        .map(({ stripe_id, metadata }) => [stripe_id, metadata])
        .sort(),
    )

  test('reaches all its invoices and all their charges, in any order', async () => {
    const events = [
      withPlan,
      billed('in_1', { metadata: { plan: 'own' } }),
      billed('in_2'),
      paidBy('ch_1', 'in_1', { metadata: { note: 'n' } }),
      paidBy('ch_2', 'in_2', { metadata: { team: 'own' } }),
    ]
    for (const order of ordersOf(events)) {
      const deliveries = new EventDeliveries()
      await deliveries.deliver(...order)
      expect(metadataOf(deliveries)).toEqual([
        ['in_1', { plan: 'own', team: 'blue' }],
        ['in_2', { plan: 'gold', team: 'blue' }],
        ['ch_1', { plan: 'own', team: 'blue', note: 'n' }],
        ['ch_2', { plan: 'gold', team: 'own' }],
      ])
    }
  })

  test('disappears everywhere when a key is removed at its source', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliver(billed('in_1'), paidBy('ch_1', 'in_1'), withPlan)
    await deliveries.deliver(told('updated', 9, { metadata: { team: 'red' } }))
    expect(metadataOf(deliveries)).toEqual([
      ['in_1', { team: 'red' }],
      ['ch_1', { team: 'red' }],
    ])
    expect(deliveries.lastNotices.map(({ kind }) => kind).sort()).toEqual([
      'charge.updated',
      'invoice.updated',
      'subscription.updated',
    ])
  })

  test('is unmoved by a stale event of the subscription', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliver(billed('in_1'), withPlan)
    expect(await deliveries.deliver(told('updated', 2, { metadata: { plan: 'old' } }))).toEqual(['stale'])
    expect(metadataOf(deliveries)).toEqual([['in_1', { plan: 'gold', team: 'blue' }]])
  })

  test("takes the place of the invoice's own snapshot of it", async () => {
    const snapshot = { subscription_details: { metadata: { plan: 'snapshot', gone: 'yes' } } }
    const deliveries = new EventDeliveries()
    await deliveries.deliver(billed('in_1', snapshot), paidBy('ch_1', 'in_1'))
    expect(metadataOf(deliveries)).toEqual([
      ['in_1', { plan: 'snapshot', gone: 'yes' }],
      ['ch_1', { plan: 'snapshot', gone: 'yes' }],
    ])
    await deliveries.deliver(withPlan)
    expect(metadataOf(deliveries)).toEqual([
      ['in_1', { plan: 'gold', team: 'blue' }],
      ['ch_1', { plan: 'gold', team: 'blue' }],
    ])
  })

  test('leaves what Stripe itself holds on each object as it is', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliver(billed('in_1', { metadata: { own: '1' } }), withPlan, paidBy('ch_1', 'in_1'))
    expect(deliveries.only('billing.invoices')).toMatchObject({ sync: { own_metadata: { own: '1' } } })
    expect(deliveries.only('billing.charges').sync).toMatchObject({ own_metadata: {} })
  })
})

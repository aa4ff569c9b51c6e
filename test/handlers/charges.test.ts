import { describe, expect, test } from 'vitest'
import { charge, stripeEvent } from '../oracle/hand-written.ts'
import { EventDeliveries } from '../support/event-deliveries.ts'
import { loadEvent } from '../support/fixture-files.ts'
import { ordersOf } from '../support/observed.ts'

const told = (type: string, at: number, fields: Record<string, unknown> = {}) =>
  stripeEvent({ type, at, object: charge(fields) })

const carried = (status: string, amount = 100) => ({
  refunds: {
    object: 'list',
    data: [{ id: 're_1', object: 'refund', charge: 'ch_1', amount, status }],
    has_more: false,
  },
})

describe('a charge', () => {
  test('is stored with the fields that Stripe sent', async () => {
    const deliveries = new EventDeliveries()
    const event = loadEvent('charge.succeeded.endive')
    const { id } = event.data.object
    expect(await deliveries.deliver(event)).toEqual(['applied'])
    const document = deliveries.object('billing.charges', String(id), event.account)
    expect(document).toMatchObject({
      ...event.data.object,
      stripe_id: id,
      stripe_user_id: event.account,
      invoice: null,
    })
  })

  test('is not changed by a newer rendering that no longer names the invoice it shows', async () => {
    const deliveries = new EventDeliveries()
    const events = [
      told('charge.succeeded', 5, { invoice: 'in_1', metadata: {} }),
      told('charge.updated', 9, { metadata: {} }),
    ]
    expect(await deliveries.deliverEach(...events)).toEqual(['applied', 'unchanged'])
    expect(deliveries.only('billing.charges')).toMatchObject({ invoice: 'in_1' })
    expect(deliveries.lastNotices).toEqual([])
  })

  test('ends succeeded in whatever order its events arrive', async () => {
    const events = [
      told('charge.pending', 1, { status: 'pending' }),
      told('charge.succeeded', 5, { captured: false }),
      told('charge.captured', 9, { captured: true }),
    ]
    for (const order of ordersOf(events)) {
      const deliveries = new EventDeliveries()
      await deliveries.deliverEach(...order)
      expect(deliveries.only('billing.charges')).toMatchObject({ status: 'succeeded', captured: true })
    }
  })

  test('follows rank when it is pending and succeeded in one second', async () => {
    const events = [
      told('charge.succeeded', 5, { status: 'succeeded' }),
      { ...told('charge.pending', 5, { status: 'pending' }), id: 'evt_zzz' },
    ]
    for (const order of ordersOf(events)) {
      const deliveries = new EventDeliveries()
      await deliveries.deliver(...order)
      expect(deliveries.only('billing.charges')).toMatchObject({ status: 'succeeded' })
    }
  })

  test('is changed by no event that comes again', async () => {
    const deliveries = new EventDeliveries()
    const event = told('charge.succeeded', 5)
    expect(await deliveries.deliverEach(event, event)).toEqual(['applied', 'unchanged'])
    expect(deliveries.lastNotices).toEqual([])
  })

  test('is stored by an update whose beginning was never seen', async () => {
    const deliveries = new EventDeliveries()
    expect(await deliveries.deliver(told('charge.updated', 5))).toEqual(['applied'])
    expect(deliveries.only('billing.charges')).toMatchObject({ stripe_id: 'ch_1' })
  })

  test('keeps what is newer when an older event comes late', async () => {
    const deliveries = new EventDeliveries()
    const outcomes = await deliveries.deliverEach(
      told('charge.updated', 9, { description: 'new' }),
      told('charge.succeeded', 5, { description: 'old' }),
    )
    expect(outcomes).toEqual(['applied', 'stale'])
    expect(deliveries.only('billing.charges')).toMatchObject({ description: 'new' })
  })

  test('rises in as-of alone when a newer event says the same', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliver(told('charge.succeeded', 5))
    expect(await deliveries.deliver(told('charge.updated', 9))).toEqual(['unchanged'])
    expect(deliveries.only('billing.charges')).toMatchObject({ sync: { as_of: new Date(9_000) } })
    expect(deliveries.lastNotices).toEqual([])
  })

  test('returns to an earlier state when the last event says so', async () => {
    const states = ['a', 'b', 'a'].map((description, index) =>
      told('charge.updated', 5 + index, { description }),
    )
    for (const order of ordersOf(states)) {
      const deliveries = new EventDeliveries()
      await deliveries.deliverEach(...order)
      expect(deliveries.only('billing.charges')).toMatchObject({ description: 'a' })
    }
  })
})

describe('refunds that a charge carries', () => {
  test('are stored on their own, and once', async () => {
    const deliveries = new EventDeliveries()
    const event = loadEvent('charge.refunded.with-refunds')
    expect(await deliveries.deliverEach(event, event)).toEqual(['applied', 'unchanged'])
    const refunds = deliveries.documents('billing.refunds')
    expect(refunds.map(({ amount, charge: of, stripe_user_id }) => [amount, of, stripe_user_id])).toEqual([
      [5500, event.data.object.id, event.account],
      [3300, event.data.object.id, event.account],
    ])
  })

  test('do not undo what a later refund event said', async () => {
    const failed = stripeEvent({
      type: 'refund.failed',
      at: 9,
      object: { id: 're_1', object: 'refund', charge: 'ch_1', amount: 100, status: 'failed' },
    })
    for (const order of ordersOf([failed, told('charge.refunded', 5, carried('succeeded'))])) {
      const deliveries = new EventDeliveries()
      await deliveries.deliverEach(...order)
      expect(deliveries.only('billing.refunds')).toMatchObject({ status: 'failed' })
    }
  })

  test('are left where they lie by events of a new charge', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliver(told('charge.succeeded', 5, carried('succeeded')))
    expect(deliveries.documents('billing.refunds')).toEqual([])
  })

  test.each<[string, unknown]>([
    ['null', null],
    ['a text', 're_1'],
    ['a list without data', { object: 'list' }],
    ['objects without an id', { object: 'list', data: [null, 7, 're_1', {}, { id: { $gt: '' } }] }],
  ])('are none where they are %s', async (_, refunds) => {
    const deliveries = new EventDeliveries()
    expect(await deliveries.deliver(told('charge.refunded', 5, { refunds }))).toEqual(['applied'])
    expect(deliveries.documents('billing.refunds')).toEqual([])
  })
})

import { describe, expect, test } from 'vitest'
import { stripeEvent } from '../oracle/hand-written.ts'
import { EventDeliveries } from '../support/event-deliveries.ts'
import { loadEvent } from '../support/fixture-files.ts'
import { ordersOf } from '../support/observed.ts'

const told = (type: string, at: number, fields: Record<string, unknown>) =>
  stripeEvent({
    type,
    at,
    object: { id: 're_1', object: 'refund', charge: 'ch_1', amount: 100, currency: 'usd', ...fields },
  })

describe('a refund', () => {
  test.each(['refund.created.acacia', 'refund.created.endive', 'charge.refund.updated.endive'])(
    'is stored by %s with the mode of its event',
    async (name) => {
      const deliveries = new EventDeliveries()
      const event = loadEvent(name)
      expect(await deliveries.deliver(event)).toEqual(['applied'])
      const { id, amount, charge, status } = event.data.object
      expect(event.data.object).not.toHaveProperty('livemode')
      expect(deliveries.only('billing.refunds')).toMatchObject({
        stripe_id: id,
        amount,
        charge,
        status,
        livemode: event.livemode,
      })
    },
  )

  test('that failed after it succeeded ends failed, in any order', async () => {
    const events = [
      told('refund.created', 1, { status: 'pending' }),
      told('refund.updated', 5, { status: 'succeeded' }),
      told('refund.failed', 9, { status: 'failed', failure_reason: 'lost_or_stolen_card' }),
    ]
    for (const order of ordersOf(events)) {
      const deliveries = new EventDeliveries()
      await deliveries.deliverEach(...order)
      expect(deliveries.only('billing.refunds')).toMatchObject({ status: 'failed' })
    }
  })

  test('follows rank when two of its events share a second', async () => {
    const events = [
      told('refund.updated', 5, { status: 'succeeded' }),
      told('refund.created', 5, { status: 'pending' }),
    ]
    for (const order of ordersOf(events)) {
      const deliveries = new EventDeliveries()
      await deliveries.deliverEach(...order)
      expect(deliveries.only('billing.refunds')).toMatchObject({ status: 'succeeded' })
    }
  })

  test('is changed once by two events of one change', async () => {
    const deliveries = new EventDeliveries()
    const outcomes = await deliveries.deliverEach(
      told('refund.updated', 5, { status: 'succeeded' }),
      told('charge.refund.updated', 5, { status: 'succeeded' }),
    )
    expect(outcomes).toEqual(['applied', 'unchanged'])
  })
})

import { describe, expect, test } from 'vitest'
import { stripeEvent } from '../oracle/hand-written.ts'
import { EventDeliveries } from '../support/event-deliveries.ts'
import { loadEvent } from '../support/fixture-files.ts'
import { ordersOf } from '../support/observed.ts'

const told = (verb: string, at: number, status: string) =>
  stripeEvent({
    type: `charge.dispute.${verb}`,
    at,
    object: { id: 'dp_1', object: 'dispute', charge: 'ch_1', amount: 500, status },
  })

describe('a dispute', () => {
  test.each(['acacia', 'endive'])('of an %s endpoint is stored with its charge', async (generation) => {
    const deliveries = new EventDeliveries()
    const event = loadEvent(`charge.dispute.created.${generation}`)
    expect(await deliveries.deliver(event)).toEqual(['applied'])
    const { id, charge, status } = event.data.object
    expect(deliveries.only('billing.disputes')).toMatchObject({ stripe_id: id, charge, status })
    expect(deliveries.lastNotices.map(({ kind }) => kind)).toEqual(['dispute.created'])
  })

  test('ends as its closing says in whatever order events arrive', async () => {
    const events = [
      told('created', 1, 'needs_response'),
      told('updated', 5, 'under_review'),
      told('funds_withdrawn', 5, 'under_review'),
      told('closed', 9, 'lost'),
    ]
    for (const order of ordersOf(events)) {
      const deliveries = new EventDeliveries()
      await deliveries.deliverEach(...order)
      expect(deliveries.only('billing.disputes')).toMatchObject({ status: 'lost', charge: 'ch_1' })
    }
  })

  test('may be won after it was lost', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliverEach(
      told('closed', 5, 'lost'),
      told('updated', 7, 'appeal_under_review'),
      told('closed', 9, 'won'),
    )
    expect(deliveries.only('billing.disputes')).toMatchObject({ status: 'won' })
  })

  test('touches neither its charge nor any contact', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliver(told('created', 1, 'needs_response'))
    expect(deliveries.documents('billing.charges')).toEqual([])
    expect(deliveries.documents('crm.contacts')).toEqual([])
  })
})

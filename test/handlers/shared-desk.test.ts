import { describe, expect, test } from 'vitest'
import { paidInvoice, stripeEvent } from '../oracle/hand-written.ts'
import { EventDeliveries } from '../support/event-deliveries.ts'

const paid = (fields: Record<string, unknown> = {}, at = 4) =>
  stripeEvent({ type: 'invoice.paid', at, object: paidInvoice(fields), id: `evt_paid_${at}` })

describe('a desk that others changed meanwhile', () => {
  test('goes on with the room that was made once', async () => {
    const first = new EventDeliveries()
    await first.deliver(paid())
    // Older, and nobody has made a room for it.
    const theirs = {
      _id: 'theirs',
      stripe_user_id: 'acct_1',
      contact_id: 'acct_1:cus_1',
      created_at: new Date(0),
    }
    const documents = {
      'crm.contacts': [first.only('crm.contacts')],
      'support.rooms': [first.only('support.rooms')],
      'support.conversations': [first.only('support.conversations'), theirs],
    }
    const later = new EventDeliveries({ documents })
    await later.deliver(paid({ id: 'in_2' }, 5))
    const room = first.only('support.rooms')
    expect(later.only('support.rooms')).toEqual(room)
    expect(later.only('support.messages')).toMatchObject({
      room_id: room._id,
      conversation_id: room.conversation_id,
    })
  })

  test('goes on with a conversation that was moved to another contact', async () => {
    const first = new EventDeliveries()
    await first.deliver(paid())
    const moved = (collection: string) => [{ ...first.only(collection), contact_id: 'joined' }]
    const later = new EventDeliveries({
      documents: {
        'crm.contacts': [{ ...first.only('crm.contacts') }],
        'support.conversations': moved('support.conversations'),
        'support.rooms': moved('support.rooms'),
      },
    })
    expect(await later.deliver(paid({ id: 'in_2' }, 5))).toEqual(['applied'])
    expect(later.only('support.messages')).toMatchObject({ room_id: first.only('support.rooms')._id })
  })

  test('keeps the message that somebody else posted under the same key', async () => {
    const theirs = { _id: 'm', stripe_user_id: 'acct_1', dedupe_key: 'invoice:in_1', body: 'Thank you' }
    const deliveries = new EventDeliveries({ documents: { 'support.messages': [theirs] } })
    await deliveries.deliver(paid())
    expect(deliveries.only('support.messages')).toEqual(theirs)
  })
})

import { ObjectId } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { account, customer, invoice, paidInvoice, stripeEvent } from '../oracle/hand-written.ts'
import { commitTime, EventDeliveries } from '../support/event-deliveries.ts'
import { ordersOf } from '../support/observed.ts'

type Fields = Record<string, unknown>

const dollars = { currency: 'usd', amount_paid: 123_450, number: 'ABCD-0001' }
const paid = (fields: Fields = {}, at = 4) =>
  stripeEvent({
    type: 'invoice.paid',
    at,
    object: paidInvoice({ ...dollars, ...fields }),
    id: `evt_paid_${at}`,
  })
const paymentSucceeded = stripeEvent({
  type: 'invoice.payment_succeeded',
  at: 4,
  object: paidInvoice(dollars),
})
const updated = (at: number, object: Fields) => stripeEvent({ type: 'invoice.updated', at, object })

const messagesOf = async (...events: readonly unknown[]) => {
  const deliveries = new EventDeliveries()
  await deliveries.deliverEach(...events)
  return deliveries.documents('support.messages')
}

describe('a paid invoice', () => {
  test('gets contact, conversation, room and message in one commit', async () => {
    const deliveries = new EventDeliveries()
    expect(await deliveries.deliver(paid())).toEqual(['applied'])
    expect(deliveries.commits).toHaveLength(1)
    const made = {
      stripe_user_id: 'acct_1',
      contact_id: 'acct_1:cus_1',
      source: 'billing-sync',
      created_at: commitTime,
    }
    const conversation = deliveries.only('support.conversations')
    expect(conversation).toEqual({ ...made, _id: expect.any(String) })
    const room = deliveries.only('support.rooms')
    expect(room).toEqual({ ...made, _id: expect.any(String), conversation_id: conversation._id })
    expect(deliveries.only('support.messages')).toEqual({
      _id: expect.any(String),
      conversation_id: conversation._id,
      room_id: room._id,
      stripe_user_id: 'acct_1',
      type: 'system',
      body: 'Payment of $1,234.50 received for invoice ABCD-0001',
      invoice: 'in_1',
      amount: 123_450,
      currency: 'usd',
      event_id: 'evt_paid_4',
      dedupe_key: 'invoice:in_1',
      created_at: commitTime,
    })
    expect(deliveries.lastNotices.map(({ kind }) => kind).sort()).toEqual([
      'contact.created',
      'conversation.created',
      'invoice.created',
      'message.created',
      'room.created',
    ])
  })

  test('gets one message, however many events say so', async () => {
    for (const order of ordersOf([paid(), paymentSucceeded, paid({}, 9), updated(6, paidInvoice(dollars))])) {
      expect(await messagesOf(...order, ...order)).toHaveLength(1)
      const together = new EventDeliveries()
      await together.deliver(...order, ...order)
      expect(together.documents('support.messages')).toHaveLength(1)
    }
  })

  test('gets its message however late the paid event comes', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliver(updated(9, paidInvoice({ ...dollars, description: 'newer' })))
    expect(deliveries.documents('support.messages')).toEqual([])
    expect(await deliveries.deliver(paid())).toEqual(['applied'])
    expect(deliveries.only('support.messages')).toMatchObject({ amount: 123_450 })
    expect(deliveries.only('billing.invoices')).toMatchObject({ description: 'newer' })
  })

  test('is one stored as paid, not one that an event says', async () => {
    const said = stripeEvent({ type: 'invoice.paid', at: 4, object: invoice(dollars) })
    expect(await messagesOf(said)).toEqual([])
    for (const order of ordersOf([said, updated(9, paidInvoice(dollars))]))
      expect(await messagesOf(...order)).toHaveLength(1)
  })

  test('tells the amount of the commit in which it became owed', async () => {
    const [message] = await messagesOf(paid(), updated(9, paidInvoice({ ...dollars, amount_paid: 7 })))
    expect(message).toMatchObject({ amount: 123_450 })
  })

  test('of somebody unknown to it has no message of another account', async () => {
    const deliveries = new EventDeliveries({ accounts: [account(), account({ stripe_user_id: 'acct_2' })] })
    const other = { ...paid({ amount_paid: 700 }), account: 'acct_2' }
    await deliveries.deliverEach(paid(), other)
    const messages = deliveries.documents('support.messages')
    expect(messages.map(({ stripe_user_id, amount }) => [stripe_user_id, amount])).toEqual([
      ['acct_1', 123_450],
      ['acct_2', 700],
    ])
    expect(new Set(messages.map(({ conversation_id }) => conversation_id)).size).toBe(2)
  })
})

describe('no message is made', () => {
  test.each<[string, Fields]>([
    ['of nothing', { amount_paid: 0 }],
    ['of an amount below nothing', { amount_paid: -5 }],
    ['of an amount that is a text', { amount_paid: '500' }],
    ['of an amount that is no integer', { amount_paid: 0.5 }],
    ['of an amount beyond exact numbers', { amount_paid: 2 ** 53 }],
  ])('for a payment %s, though there is a contact', async (_, fields) => {
    const deliveries = new EventDeliveries({ accounts: [account({ new_contact: false })] })
    await deliveries.deliver(paid(fields))
    expect(deliveries.documents('crm.contacts')).toHaveLength(1)
    for (const name of ['support.conversations', 'support.rooms', 'support.messages'])
      expect(deliveries.documents(name)).toEqual([])
  })

  test('where the account has no support', async () => {
    const deliveries = new EventDeliveries({ accounts: [account({ support: false })] })
    await deliveries.deliver(paid())
    expect(deliveries.documents('crm.contacts')).toHaveLength(1)
    expect(deliveries.documents('support.messages')).toEqual([])
    expect(deliveries.documents('support.conversations')).toEqual([])
  })

  test.each([null, undefined, '', { $gt: '' }, ['cus_1']])('where the customer is %j', async (who) => {
    const deliveries = new EventDeliveries()
    await deliveries.deliver(paid({ customer: who }))
    expect(deliveries.documents('support.messages')).toEqual([])
    expect(deliveries.documents('crm.contacts')).toEqual([])
  })

  test.each(['draft', 'open', 'void', 'uncollectible'])('while the invoice is %s', async (status) => {
    expect(await messagesOf(paid({ status }))).toEqual([])
  })

  test('for an event that only updates a paid invoice', async () => {
    expect(await messagesOf(updated(4, paidInvoice(dollars)))).toEqual([])
  })

  test('while effects are off, and then once when they are on', async () => {
    const off = new EventDeliveries({ effects: 'none' })
    await off.deliver(paid())
    expect(off.documents('support.messages')).toEqual([])
    expect(off.documents('support.rooms')).toEqual([])
    const contacts = off.documents('crm.contacts')
    expect(contacts).toHaveLength(1)
    const on = new EventDeliveries({
      documents: {
        'billing.invoices': [...off.documents('billing.invoices')],
        'crm.contacts': [...contacts],
      },
    })
    expect(await on.deliverEach(paid(), paid(), paymentSucceeded)).toEqual([
      'applied',
      'unchanged',
      'unchanged',
    ])
    expect(on.documents('support.messages')).toHaveLength(1)
    expect(on.documents('crm.contacts')).toEqual(contacts)
  })
})

describe('conversations and rooms', () => {
  const conversation = (_id: unknown, fields: Fields = {}): Fields => ({
    _id,
    stripe_user_id: 'acct_1',
    contact_id: 'acct_1:cus_1',
    created_at: new Date(1_000),
    ...fields,
  })
  const room = (_id: unknown, conversation_id: unknown, fields: Fields = {}): Fields =>
    conversation(_id, { conversation_id, ...fields })
  const contact: Fields = {
    _id: 'acct_1:cus_1',
    stripe_user_id: 'acct_1',
    stripe_customer_id: 'cus_1',
    source: 'billing-sync',
  }

  const postedAmong = async (documents: Record<string, Fields[]>) => {
    const deliveries = new EventDeliveries({ documents: { 'crm.contacts': [contact], ...documents } })
    await deliveries.deliver(paid())
    return deliveries
  }

  test('are shared by all invoices of a contact', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliver(paid({ id: 'in_1' }), { ...paid({ id: 'in_2' }, 5), id: 'evt_paid_5' })
    expect(deliveries.documents('support.conversations')).toHaveLength(1)
    expect(deliveries.documents('support.rooms')).toHaveLength(1)
    expect(deliveries.documents('support.messages').map(({ dedupe_key }) => dedupe_key)).toEqual([
      'invoice:in_1',
      'invoice:in_2',
    ])
  })

  test('of others are used, the oldest first', async () => {
    const [younger, older] = [conversation('young', { created_at: new Date(2_000) }), conversation('old')]
    const deliveries = await postedAmong({
      'support.conversations': [younger, older],
      'support.rooms': [
        room('its young room', 'old', { created_at: new Date(9_000) }),
        room('its old room', 'old'),
        room('another', 'young', { created_at: new Date(0) }),
      ],
    })
    expect(deliveries.only('support.messages')).toMatchObject({
      conversation_id: 'old',
      room_id: 'its old room',
    })
    expect(deliveries.documents('support.conversations')).toEqual([younger, older])
  })

  test('of others keep the ids that MongoDB gave them', async () => {
    const [talk, place] = [new ObjectId(), new ObjectId()]
    const deliveries = await postedAmong({
      'support.conversations': [conversation(talk)],
      'support.rooms': [room(place, talk)],
    })
    expect(deliveries.only('support.messages')).toMatchObject({ conversation_id: talk, room_id: place })
  })

  test('are completed where a conversation has no room yet', async () => {
    const deliveries = await postedAmong({ 'support.conversations': [conversation('old')] })
    expect(deliveries.documents('support.conversations')).toHaveLength(1)
    expect(deliveries.only('support.rooms')).toMatchObject({
      conversation_id: 'old',
      contact_id: 'acct_1:cus_1',
      source: 'billing-sync',
    })
  })

  test('of another account are never used', async () => {
    const deliveries = await postedAmong({
      'support.conversations': [conversation('theirs', { stripe_user_id: 'acct_2' })],
    })
    expect(deliveries.only('support.messages').conversation_id).not.toBe('theirs')
  })

  test('are those of the adopted contact', async () => {
    const deliveries = new EventDeliveries({
      documents: {
        'crm.contacts': [{ _id: 'crm', stripe_user_id: 'acct_1', email: 'Ann@Example.com' }],
        'support.conversations': [conversation('talk', { contact_id: 'crm' })],
      },
    })
    await deliveries.deliver(paid())
    expect(deliveries.only('crm.contacts')).toMatchObject({ _id: 'crm', stripe_customer_id: 'cus_1' })
    expect(deliveries.only('support.messages')).toMatchObject({ conversation_id: 'talk' })
  })

  test('are made for a customer that is deleted, too', async () => {
    const gone = stripeEvent({ type: 'customer.deleted', at: 2, object: customer() })
    for (const order of ordersOf([gone, paid()])) expect(await messagesOf(...order)).toHaveLength(1)
  })
})

describe('the text of the message', () => {
  test.each<[Fields, string]>([
    [{ currency: 'usd', amount_paid: 999 }, '$9.99'],
    [{ currency: 'jpy', amount_paid: 1235 }, '¥1,235'],
    [{ currency: 'kwd', amount_paid: 1234 }, 'KWD 1.234'],
    [{ currency: 'isk', amount_paid: 500 }, 'ISK 5.00'],
    [{ currency: 'xyz', amount_paid: 5 }, 'XYZ 0.05'],
    // Rows that somebody edited to what is no number of digits tell nothing.
    [{ currency: 'qqa', amount_paid: 5 }, 'QQA 0.05'],
    [{ currency: 'qqb', amount_paid: 5 }, 'QQB 0.05'],
  ])('shows %j as its currency asks', async (fields, amount) => {
    const deliveries = new EventDeliveries({
      currencies: [
        { code: 'USD', symbol: '$', exponent: 2 },
        { code: 'JPY', symbol: '¥', exponent: 0 },
        { code: 'KWD', symbol: null, exponent: 3 },
        { code: 'ISK', symbol: null, exponent: 2 },
        ...[-1, 2.5].map((exponent, at) => ({ code: `QQ${'AB'[at]}`, symbol: '$', exponent })),
      ],
    })
    await deliveries.deliver(paid({ ...fields, number: 'N-1' }))
    expect(deliveries.only('support.messages')).toMatchObject({
      body: `Payment of ${amount} received for invoice N-1`,
      amount: fields.amount_paid,
      currency: fields.currency,
    })
  })

  test('names the invoice by its id where it has no number', async () => {
    const [message] = await messagesOf(paid({ number: null }))
    expect(message?.body).toBe('Payment of $1,234.50 received for invoice in_1')
  })
})

import { describe, expect, it } from 'vitest'
import { expectedCollections } from './expected-state.ts'
import { account, customer, invoice, paidInvoice, stripeEvent } from './hand-written.ts'
import type { AccountSettings, History } from './history.ts'
import { historyOf } from './history-of.ts'
import type { Json } from './plain-json.ts'

interface Case {
  readonly settings?: Partial<AccountSettings>
  readonly preexisting?: History['preexisting']
  readonly effects?: 'none' | 'missing'
}

const desk = (
  events: readonly Json[],
  { settings = {}, preexisting = {}, effects = 'missing' }: Case = {},
) => {
  const history = historyOf({ accounts: [account(settings)], preexisting, events })
  const collections = expectedCollections(history, { effects })
  return {
    contacts: collections['crm.contacts'] ?? [],
    conversations: collections['support.conversations'] ?? [],
    rooms: collections['support.rooms'] ?? [],
    messages: collections['support.messages'] ?? [],
  }
}

const born = stripeEvent({ type: 'customer.created', at: 1, object: customer() })
const deleted = stripeEvent({
  type: 'customer.deleted',
  at: 9,
  object: { id: 'cus_1', object: 'customer', deleted: true },
})
const updated = (fields: Json, at = 5): Json =>
  stripeEvent({ type: 'customer.updated', at, object: customer(fields) })
const paid = (fields: Json = {}, at = 4): Json =>
  stripeEvent({ type: 'invoice.paid', at, object: paidInvoice(fields) })
const paymentSucceeded = stripeEvent({ type: 'invoice.payment_succeeded', at: 4, object: paidInvoice() })

const quiet = { settings: { new_contact: false } }
const made = { stripe_user_id: 'acct_1', source: 'billing-sync', former_stripe_customer_ids: [] }
const theirs = (fields: Json = {}): Json => ({
  _id: 'theirs',
  stripe_user_id: 'acct_1',
  email: 'ANN@example.com',
  name: 'Kept',
  source: 'crm',
  created_at: new Date(0),
  ...fields,
})
const withContact = (...contacts: readonly Json[]) => ({ preexisting: { 'crm.contacts': contacts } })

describe('The expected contacts', () => {
  it('come from customers where the account asks for them', () => {
    const { contacts } = desk([born])
    const fields = { stripe_customer_id: 'cus_1', email: 'ann@example.com', name: 'Ann' }
    expect(contacts).toEqual([{ _id: 'acct_1 cus_1', ...made, ...fields }])
    expect(desk([born], quiet).contacts).toEqual([])
  })

  it('come from paid invoices always, even of 0 and without support', () => {
    expect(desk([born, paid({ amount_paid: 0 })], quiet).contacts).toHaveLength(1)
    expect(desk([born, paid()], { settings: { new_contact: false, support: false } }).contacts).toHaveLength(
      1,
    )
    expect(desk([paid({ customer: null })], quiet).contacts).toEqual([])
  })

  it('come from no invoice that was only said or only seen paid', () => {
    const seen = stripeEvent({ type: 'invoice.updated', at: 4, object: paidInvoice() })
    const said = stripeEvent({ type: 'invoice.paid', at: 4, object: invoice() })
    expect(desk([seen], quiet).contacts).toEqual([])
    expect(desk([said], quiet).contacts).toEqual([])
    expect(desk([said, seen], quiet).contacts).toHaveLength(1)
  })

  it('come from no deletion alone', () => {
    expect(desk([deleted]).contacts).toEqual([])
  })

  it('mirror the latest customer and unset what is gone', () => {
    const [contact] = desk([born, updated({ name: null, phone: '+43' })]).contacts
    expect(contact).toMatchObject({ email: 'ann@example.com', phone: '+43' })
    expect(contact).not.toHaveProperty('name')
  })

  it('are unlinked by a deletion and linked again by a recreation', () => {
    const again = stripeEvent({ type: 'customer.created', at: 20, object: customer({ name: 'New' }) })
    const [unlinked] = desk([born, deleted]).contacts
    expect(unlinked).toMatchObject({ former_stripe_customer_ids: ['cus_1'], name: 'Ann' })
    expect(unlinked).not.toHaveProperty('stripe_customer_id')
    const { contacts } = desk([born, deleted, again])
    expect(contacts).toEqual([
      { _id: 'acct_1 cus_1', ...made, stripe_customer_id: 'cus_1', email: 'ann@example.com', name: 'New' },
    ])
  })

  it('are made unlinked for a paid invoice of a deleted customer', () => {
    const [contact] = desk([born, deleted, paid({}, 12)], quiet).contacts
    expect(contact).toMatchObject({ former_stripe_customer_ids: ['cus_1'], email: 'ann@example.com' })
  })

  it('are adopted by e-mail without case, keeping what others filled', () => {
    const { contacts } = desk([born, updated({ name: 'Anna', phone: '+43' })], withContact(theirs()))
    const kept = {
      email: 'ANN@example.com',
      name: 'Kept',
      phone: '+43',
      stripe_customer_id: 'cus_1',
      source: 'crm',
    }
    expect(contacts).toHaveLength(1)
    expect(contacts[0]).toMatchObject(kept)
  })

  it('are adopted even where customers make no contacts', () => {
    const [contact] = desk([born], { ...quiet, ...withContact(theirs()) }).contacts
    expect(contact).toMatchObject({ _id: 'theirs', stripe_customer_id: 'cus_1' })
  })

  it('are the oldest of several, and none that has a customer', () => {
    const younger = theirs({ _id: 'younger', created_at: new Date(2000) })
    const older = theirs({ _id: 'older', created_at: new Date(1000) })
    const taken = theirs({ _id: 'taken', stripe_customer_id: 'cus_9' })
    const { contacts } = desk([born], withContact(younger, taken, older))
    expect(
      contacts.filter((contact) => contact.stripe_customer_id === 'cus_1').map(({ _id }) => _id),
    ).toEqual(['older'])
    expect(contacts).toContainEqual(taken)
  })

  it('are two for two customers of one e-mail', () => {
    const second = stripeEvent({ type: 'customer.created', at: 2, object: customer({ id: 'cus_2' }) })
    expect(desk([born, second]).contacts).toHaveLength(2)
  })

  it('carry mapped fields only, dotted keys first', () => {
    const mappings = [
      { from: 'name', to: 'last_name' },
      { from: 'address.city', to: 'address.city' },
      { from: 'metadata.tier.x', to: 'custom.tier' },
    ]
    const told = updated({ address: { city: 'Wien' }, metadata: { 'tier.x': 'gold', tier: { x: 'no' } } })
    const { contacts } = desk([told], { settings: { mappings } })
    const mapped = { last_name: 'Ann', address: { city: 'Wien' }, custom: { tier: 'gold' } }
    expect(contacts).toEqual([{ _id: 'acct_1 cus_1', ...made, stripe_customer_id: 'cus_1', ...mapped }])
  })

  it('let mapped fields win over what others filled', () => {
    const mappings = [
      { from: 'name', to: 'name' },
      { from: 'address.city', to: 'address.city' },
    ]
    const contact = theirs({ address: { zip: '1010', city: 'Linz' } })
    const [adopted] = desk([born], { settings: { mappings }, ...withContact(contact) }).contacts
    expect(adopted).toMatchObject({ name: 'Ann', email: 'ANN@example.com' })
    expect(adopted?.address).toEqual({ zip: '1010' })
  })

  it('take the newest paid invoice while the customer is unknown', () => {
    const older = paid({ id: 'in_1', customer_name: 'Old' }, 4)
    const newer = paid({ id: 'in_2', customer_name: 'New' }, 6)
    const olderAgain = stripeEvent({
      type: 'invoice.updated',
      at: 8,
      object: paidInvoice({ customer_name: 'Old', x: 1 }),
    })
    expect(desk([older, newer, olderAgain]).contacts[0]).toMatchObject({
      name: 'New',
      email: 'ann@example.com',
    })
    expect(desk([older, newer, deleted]).contacts[0]).toMatchObject({
      name: 'New',
      former_stripe_customer_ids: ['cus_1'],
    })
    expect(desk([older, newer, updated({ name: 'Known' }, 9)]).contacts[0]).toMatchObject({ name: 'Known' })
  })
})

describe('The expected support desk', () => {
  it('has one message for a paid invoice with both paid events', () => {
    const { messages, conversations, rooms } = desk([born, paid(), paymentSucceeded, paid({}, 8)])
    expect(messages).toHaveLength(1)
    expect(messages[0]).toMatchObject({ type: 'system', invoice: 'in_1', dedupe_key: 'invoice:in_1' })
    expect(conversations).toMatchObject([{ contact_id: 'acct_1 cus_1', source: 'billing-sync' }])
    expect(rooms).toMatchObject([{ contact_id: 'acct_1 cus_1', conversation_id: conversations[0]?._id }])
  })

  it('has none for 0, without support, without customer or without effects', () => {
    const nothing = { messages: [], conversations: [], rooms: [] }
    expect(desk([paid({ amount_paid: 0 })])).toMatchObject(nothing)
    expect(desk([paid()], { settings: { support: false } })).toMatchObject(nothing)
    expect(desk([paid({ customer: null })])).toMatchObject(nothing)
    expect(desk([paid()], { effects: 'none' })).toMatchObject(nothing)
  })

  it('has one conversation for two invoices of a contact', () => {
    const { messages, conversations, rooms } = desk([paid(), paid({ id: 'in_2' }, 5)])
    expect([messages.length, conversations.length, rooms.length]).toEqual([2, 1, 1])
  })

  it('uses the oldest conversation and its oldest room', () => {
    const conversation = (_id: string, at: number): Json => ({
      _id,
      stripe_user_id: 'acct_1',
      contact_id: 'theirs',
      created_at: new Date(at),
    })
    const room = (_id: string, conversation_id: string, at: number): Json => ({
      ...conversation(_id, at),
      conversation_id,
    })
    const preexisting = {
      'crm.contacts': [theirs()],
      'support.conversations': [conversation('young', 9), conversation('old', 1)],
      'support.rooms': [room('r1', 'young', 1), room('r2', 'old', 5), room('r3', 'old', 4)],
    }
    const { messages, conversations, rooms } = desk([paid()], { preexisting })
    expect(messages).toMatchObject([{ conversation_id: 'old', room_id: 'r3' }])
    expect([conversations.length, rooms.length]).toEqual([2, 3])
  })

  it('makes a room in a conversation that has none', () => {
    const conversation = {
      _id: 'old',
      stripe_user_id: 'acct_1',
      contact_id: 'theirs',
      created_at: new Date(1),
    }
    const preexisting = { 'crm.contacts': [theirs()], 'support.conversations': [conversation] }
    const { conversations, rooms } = desk([paid()], { preexisting })
    expect(conversations).toHaveLength(1)
    expect(rooms).toMatchObject([{ conversation_id: 'old', contact_id: 'theirs', source: 'billing-sync' }])
  })
})

import { ObjectId } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { oldest } from '../../src/handlers/contacts.ts'
import { account, customer, paidInvoice, stripeEvent } from '../oracle/hand-written.ts'
import { commitTime, EventDeliveries } from '../support/event-deliveries.ts'
import { ordersOf } from '../support/observed.ts'

type Fields = Record<string, unknown>

const born = (fields: Fields = {}, at = 1) =>
  stripeEvent({
    type: 'customer.created',
    at,
    object: customer(fields),
    id: `evt_born_${fields.id ?? 'cus_1'}_${at}`,
  })
const deleted = (id = 'cus_1', at = 9) =>
  stripeEvent({
    type: 'customer.deleted',
    at,
    object: { id, object: 'customer', deleted: true },
    id: `evt_gone_${id}_${at}`,
  })
const paid = (fields: Fields = {}, at = 4) =>
  stripeEvent({
    type: 'invoice.paid',
    at,
    object: paidInvoice(fields),
    id: `evt_paid_${fields.id ?? 'in_1'}_${at}`,
  })

const theirs = (fields: Fields = {}): Fields => ({
  _id: 'theirs',
  stripe_user_id: 'acct_1',
  email: 'ANN@Example.com',
  name: 'Kept',
  source: 'crm',
  created_at: new Date(0),
  ...fields,
})

const quiet = account({ new_contact: false })
const amongContacts = (...contacts: readonly Fields[]) =>
  new EventDeliveries({ accounts: [quiet], documents: { 'crm.contacts': contacts } })

describe('a contact is found', () => {
  test('by its customer before anything else', async () => {
    const deliveries = amongContacts(
      theirs({ _id: 'by email' }),
      theirs({ _id: 'by former', email: 'x@y.z', former_stripe_customer_ids: ['cus_1'] }),
      theirs({ _id: 'by customer', email: 'x@y.z', stripe_customer_id: 'cus_1', name: '' }),
    )
    await deliveries.deliver(born())
    expect(deliveries.documents('crm.contacts').filter(({ name }) => name === 'Ann')).toMatchObject([
      { _id: 'by customer' },
    ])
  })

  test('by a former customer before its e-mail address', async () => {
    const deliveries = amongContacts(
      theirs({ _id: 'by email' }),
      theirs({ _id: 'by former', email: 'x@y.z', former_stripe_customer_ids: ['cus_1'] }),
    )
    await deliveries.deliver(born())
    expect(
      deliveries.documents('crm.contacts').filter(({ stripe_customer_id: id }) => id === 'cus_1'),
    ).toMatchObject([{ _id: 'by former', former_stripe_customer_ids: [] }])
  })

  test('by its e-mail address, trimmed and without case', async () => {
    const deliveries = amongContacts(theirs())
    await deliveries.deliver(born({ email: '  ann@example.COM ' }))
    expect(deliveries.only('crm.contacts')).toMatchObject({
      _id: 'theirs',
      stripe_customer_id: 'cus_1',
      email: 'ANN@Example.com',
    })
  })

  test('never by an address that is empty or missing', async () => {
    for (const email of ['', '   ', null]) {
      const deliveries = amongContacts(theirs({ email }))
      await deliveries.deliver(born({ email }))
      expect(deliveries.only('crm.contacts')).not.toHaveProperty('stripe_customer_id')
    }
  })

  test('never in the books of another account', async () => {
    const deliveries = amongContacts(theirs({ stripe_user_id: 'acct_2' }))
    await deliveries.deliver(born(), paid())
    expect(deliveries.documents('crm.contacts')).toEqual([
      theirs({ stripe_user_id: 'acct_2' }),
      expect.objectContaining({ _id: 'acct_1:cus_1', stripe_user_id: 'acct_1' }),
    ])
  })

  test('though its id is one that MongoDB made', async () => {
    const _id = new ObjectId()
    const deliveries = amongContacts(theirs({ _id }))
    await deliveries.deliver(born())
    expect(deliveries.only('crm.contacts')).toMatchObject({ _id, stripe_customer_id: 'cus_1' })
  })
})

describe('adoption by e-mail', () => {
  test('fills only what was empty, then and later', async () => {
    const deliveries = amongContacts(theirs({ phone: '' }))
    await deliveries.deliver(born({ phone: '+43' }))
    expect(deliveries.only('crm.contacts')).toMatchObject({ name: 'Kept', phone: '+43', source: 'crm' })
    await deliveries.deliver(
      stripeEvent({ type: 'customer.updated', at: 5, object: customer({ phone: '+44', name: 'Anna' }) }),
    )
    expect(deliveries.only('crm.contacts')).toMatchObject({ name: 'Kept', phone: '+44' })
  })

  test('takes the oldest of several', async () => {
    const deliveries = amongContacts(
      theirs({ _id: 'younger', created_at: new Date(2_000) }),
      theirs({ _id: 'older', created_at: new Date(1_000) }),
      theirs({ _id: 'without a time', created_at: null }),
    )
    await deliveries.deliver(born())
    const adopted = deliveries.documents('crm.contacts').filter((contact) => contact.stripe_customer_id)
    expect(adopted.map(({ _id }) => _id)).toEqual(['older'])
  })

  test('takes none that has a customer or is our own', async () => {
    const others = [theirs({ stripe_customer_id: 'cus_9' }), theirs({ _id: 'ours', source: 'billing-sync' })]
    const deliveries = amongContacts(...others)
    await deliveries.deliver(born())
    expect(deliveries.documents('crm.contacts')).toEqual(others)
  })

  test('gives one contact to one of two customers of one address', async () => {
    const deliveries = new EventDeliveries({ documents: { 'crm.contacts': [theirs()] } })
    await deliveries.deliver(born(), born({ id: 'cus_2' }, 2))
    expect(deliveries.documents('crm.contacts')).toMatchObject([
      { _id: 'theirs', stripe_customer_id: 'cus_1' },
      { _id: 'acct_1:cus_2', stripe_customer_id: 'cus_2' },
    ])
  })

  test('is not asked for by a deletion alone', async () => {
    const deliveries = amongContacts(theirs())
    await deliveries.deliver(stripeEvent({ type: 'customer.deleted', at: 9, object: customer() }))
    expect(deliveries.only('crm.contacts')).toEqual(theirs())
  })

  test('keeps fields of the CRM that it knows nothing of', async () => {
    const deliveries = amongContacts(theirs({ 'a.b': 1, tags: ['vip'], owner: { id: 7 } }))
    await deliveries.deliver(born(), deleted())
    expect(deliveries.only('crm.contacts')).toMatchObject({ tags: ['vip'], owner: { id: 7 }, 'a.b': 1 })
  })
})

describe('a contact is made', () => {
  test('for a paid invoice, whatever the account asks for', async () => {
    const deliveries = new EventDeliveries({ accounts: [account({ new_contact: false, support: false })] })
    await deliveries.deliver(paid({ amount_paid: 0 }))
    expect(deliveries.only('crm.contacts')).toEqual({
      _id: 'acct_1:cus_1',
      stripe_user_id: 'acct_1',
      stripe_customer_id: 'cus_1',
      former_stripe_customer_ids: [],
      source: 'billing-sync',
      email: 'ann@example.com',
      name: 'Ann',
      created_at: commitTime,
      updated_at: commitTime,
    })
  })

  test('already unlinked where its customer is deleted', async () => {
    for (const order of ordersOf([born(), deleted(), paid({}, 12)])) {
      const deliveries = new EventDeliveries({ accounts: [quiet] })
      await deliveries.deliverEach(...order)
      const contact = deliveries.only('crm.contacts')
      expect(contact).toMatchObject({ former_stripe_customer_ids: ['cus_1'], name: 'Ann' })
      expect(contact).not.toHaveProperty('stripe_customer_id')
    }
  })

  test('once, though somebody cleared its customer in the CRM', async () => {
    const cleared = theirs({ _id: 'acct_1:cus_1', source: 'billing-sync', email: 'x@y.z', note: 'kept' })
    const deliveries = new EventDeliveries({ documents: { 'crm.contacts': [cleared] } })
    expect(await deliveries.deliver(born())).toEqual(['applied'])
    expect(deliveries.only('crm.contacts')).toMatchObject({
      stripe_customer_id: 'cus_1',
      name: 'Ann',
      note: 'kept',
    })
  })
})

describe('while its customer is unknown a contact shows', () => {
  const says = (id: string, created: number, name: string) =>
    paid({ id, created, customer_name: name, customer_phone: '+43' })

  test('what the newest paid invoice says of it', async () => {
    for (const order of ordersOf([
      says('in_a', 5, 'Newer'),
      says('in_b', 3, 'Older'),
      says('in_c', 4, 'Old'),
    ])) {
      const deliveries = new EventDeliveries({ accounts: [quiet] })
      await deliveries.deliverEach(...order)
      expect(deliveries.only('crm.contacts')).toMatchObject({ name: 'Newer', phone: '+43' })
    }
  })

  test('what the greater of two invoices of one second says', async () => {
    for (const order of ordersOf([says('in_a', 5, 'First'), says('in_b', 5, 'Second')])) {
      const deliveries = new EventDeliveries({ accounts: [quiet] })
      await deliveries.deliver(...order)
      expect(deliveries.only('crm.contacts')).toMatchObject({ name: 'Second' })
    }
  })

  test('the customer itself as soon as that is known', async () => {
    for (const order of ordersOf([says('in_a', 5, 'From the invoice'), born()])) {
      const deliveries = new EventDeliveries({ accounts: [quiet] })
      await deliveries.deliverEach(...order)
      const contact = deliveries.only('crm.contacts')
      expect(contact).toMatchObject({ name: 'Ann' })
      expect(contact).not.toHaveProperty('phone')
    }
  })
})

describe('mapped fields', () => {
  const mappings = [
    { from: 'metadata.tier.x', to: 'custom.tier' },
    { from: 'address.city', to: 'address.city' },
  ]

  test('are the only ones where mappings are configured', async () => {
    const deliveries = new EventDeliveries({ accounts: [account({ mappings })] })
    await deliveries.deliver(
      born({ metadata: { 'tier.x': 'gold', tier: { x: 'no' } }, address: { city: 'Wien' } }),
    )
    const contact = deliveries.only('crm.contacts')
    expect(contact).toMatchObject({ custom: { tier: 'gold' }, address: { city: 'Wien' } })
    expect(contact).not.toHaveProperty('email')
  })

  test('leave nothing behind once the customer has none', async () => {
    const deliveries = new EventDeliveries({ accounts: [account({ mappings })] })
    const gone = stripeEvent({ type: 'customer.updated', at: 5, object: customer({ address: null }) })
    await deliveries.deliverEach(born({ address: { city: 'Wien' } }), gone)
    expect(deliveries.only('crm.contacts')).not.toHaveProperty('address')
  })

  test('may hold hashes whose keys strangers named', async () => {
    const rules = [{ from: 'metadata', to: 'custom' }]
    const deliveries = new EventDeliveries({ accounts: [account({ mappings: rules })] })
    const told = (at: number, value: string) =>
      stripeEvent({
        type: 'customer.updated',
        at,
        object: customer({ metadata: { 'a.b': value, $set: value, '': value, a: { b: 'own' } } }),
      })
    await deliveries.deliverEach(told(1, 'one'), told(2, 'two'))
    expect(deliveries.only('crm.contacts').custom).toEqual({
      'a.b': 'two',
      $set: 'two',
      '': 'two',
      a: { b: 'own' },
    })
  })
})

describe('the oldest document', () => {
  const made = (_id: string, time: unknown) => ({ _id, created_at: time })

  test('is the one created first, by id where times are equal', () => {
    const [a, b, c] = [made('a', new Date(5)), made('b', new Date(1)), made('c', new Date(1))]
    for (const order of ordersOf([a, b, c])) expect(oldest(order)).toBe(b)
  })

  test('is one with a time, not one without', () => {
    const [timeless, text, timed] = [made('a', undefined), made('b', '1970'), made('c', new Date(9))]
    for (const order of ordersOf([timeless, text, timed])) expect(oldest(order)).toBe(timed)
    expect(oldest([text, timeless])).toBe(timeless)
  })

  test('is null where there is none', () => {
    expect(oldest([])).toBeNull()
  })
})

test('mappings that somebody wrote into an account, and that reach what identifies a contact, fail the event', async () => {
  const mappings = [{ from: 'email', to: 'stripe_customer_id' }]
  const deliveries = new EventDeliveries({ accounts: [account({ mappings })] })
  const product = stripeEvent({ type: 'product.created', at: 2, object: { id: 'prod_1', object: 'product' } })
  expect(await deliveries.deliver(born(), product)).toEqual(['failed: config_invalid', 'applied'])
  expect(deliveries.documents('crm.contacts')).toEqual([])
})

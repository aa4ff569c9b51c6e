import { describe, expect, test } from 'vitest'
import { account, customer, stripeEvent } from '../oracle/hand-written.ts'
import { EventDeliveries } from '../support/event-deliveries.ts'
import { loadEvent } from '../support/fixture-files.ts'
import { ordersOf } from '../support/observed.ts'

const born = stripeEvent({ type: 'customer.created', at: 1, object: customer() })
const updated = (at: number, fields: Record<string, unknown>) =>
  stripeEvent({ type: 'customer.updated', at, object: customer(fields) })
const stub = stripeEvent({
  type: 'customer.deleted',
  at: 9,
  object: { id: 'cus_1', object: 'customer', deleted: true },
})
const whole = stripeEvent({ type: 'customer.deleted', at: 9, object: customer({ name: 'At the end' }) })

describe('a customer', () => {
  test('is stored with its contact', async () => {
    const deliveries = new EventDeliveries()
    expect(await deliveries.deliver(born)).toEqual(['applied'])
    expect(deliveries.only('billing.customers')).toMatchObject({ stripe_id: 'cus_1', name: 'Ann' })
    expect(deliveries.only('crm.contacts')).toMatchObject({
      stripe_customer_id: 'cus_1',
      email: 'ann@example.com',
      name: 'Ann',
    })
    expect(deliveries.lastNotices.map(({ kind }) => kind)).toEqual(['customer.created', 'contact.created'])
  })

  test('is mirrored by its contact in any order of events', async () => {
    const events = [
      born,
      updated(5, { name: 'Anna', phone: '+43' }),
      updated(7, { name: null, phone: '+44' }),
    ]
    for (const order of ordersOf(events)) {
      const deliveries = new EventDeliveries()
      await deliveries.deliverEach(...order)
      const contact = deliveries.only('crm.contacts')
      expect(contact).toMatchObject({ phone: '+44', email: 'ann@example.com' })
      expect(contact).not.toHaveProperty('name')
    }
  })

  test('gets no contact where the account asks for none', async () => {
    const deliveries = new EventDeliveries({ accounts: [account({ new_contact: false })] })
    await deliveries.deliver(born)
    expect(deliveries.documents('crm.contacts')).toEqual([])
  })

  test('keeps hostile metadata as it came', async () => {
    const deliveries = new EventDeliveries()
    const event = loadEvent('customer.updated.hostile-metadata')
    expect(await deliveries.deliverEach(event, event)).toEqual(['applied', 'unchanged'])
    const { metadata, sync } = deliveries.only('billing.customers')
    const text = JSON.stringify(event.data.object.metadata)
    expect(JSON.stringify(metadata)).toBe(text)
    expect(JSON.stringify((sync as Record<string, unknown>).own_metadata)).toBe(text)
    expect('polluted' in {}).toBe(false)
  })
})

describe('a deleted customer', () => {
  test('keeps its last content and the time of its deletion', async () => {
    for (const order of ordersOf([born, updated(5, { name: 'Anna' }), stub])) {
      const deliveries = new EventDeliveries()
      await deliveries.deliverEach(...order)
      expect(deliveries.only('billing.customers')).toMatchObject({
        name: 'Anna',
        deleted: true,
        deleted_at: new Date(9_000),
      })
    }
  })

  test('shows what the deletion itself carried', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliverEach(born, whole)
    expect(deliveries.only('billing.customers')).toMatchObject({ name: 'At the end', deleted: true })
    expect(deliveries.lastNotices.map(({ kind }) => kind)).toEqual(['customer.deleted', 'contact.updated'])
  })

  test('leaves its contact, with the customer among the former ones', async () => {
    for (const deletion of [stub, whole]) {
      const deliveries = new EventDeliveries()
      await deliveries.deliver(born, deletion)
      const contact = deliveries.only('crm.contacts')
      expect(contact).toMatchObject({ former_stripe_customer_ids: ['cus_1'], email: 'ann@example.com' })
      expect(contact).not.toHaveProperty('stripe_customer_id')
    }
  })

  test('makes no contact when nothing else was ever seen', async () => {
    for (const deletion of [stub, whole]) {
      const deliveries = new EventDeliveries()
      expect(await deliveries.deliver(deletion)).toEqual(['applied'])
      expect(deliveries.documents('crm.contacts')).toEqual([])
    }
  })

  test('lives again after a later created event', async () => {
    const again = stripeEvent({ type: 'customer.created', at: 20, object: customer({ name: 'Back' }) })
    for (const order of ordersOf([born, stub, again])) {
      const deliveries = new EventDeliveries()
      await deliveries.deliverEach(...order)
      const document = deliveries.only('billing.customers')
      expect(document).toMatchObject({ name: 'Back' })
      expect(document).not.toHaveProperty('deleted')
      expect(deliveries.only('crm.contacts')).toMatchObject({
        stripe_customer_id: 'cus_1',
        former_stripe_customer_ids: [],
      })
    }
  })
})

describe('a new mapping', () => {
  const mappings = [{ from: 'name', to: 'last_name' }]

  test.each([
    ['unchanged', updated(5, { name: 'Anna' })],
    ['stale', born],
  ])('takes hold when an event that is otherwise %s comes again', async (_, event) => {
    const before = new EventDeliveries()
    await before.deliver(born, updated(5, { name: 'Anna' }))
    const documents = Object.fromEntries(
      ['billing.customers', 'crm.contacts'].map((name) => [name, [...before.documents(name)]]),
    )
    const after = new EventDeliveries({ accounts: [account({ mappings })], documents })
    expect(await after.deliver(event)).toEqual(['applied'])
    expect(after.only('crm.contacts')).toMatchObject({ last_name: 'Anna' })
    expect(after.lastNotices.map(({ kind }) => kind)).toEqual(['contact.updated'])
  })
})

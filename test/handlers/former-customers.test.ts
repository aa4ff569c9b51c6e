import { expect, test } from 'vitest'
import { account, customer, stripeEvent } from '../oracle/hand-written.ts'
import { EventDeliveries } from '../support/event-deliveries.ts'
import { ordersOf } from '../support/observed.ts'

const told = (verb: string, at: number, id: string, name: string) =>
  stripeEvent({
    ...{ type: `customer.${verb}`, at, id: `evt_${id}_${verb}` },
    object: customer({ id, name }),
  })
const first = told('created', 1, 'cus_a', 'A')
const others = [
  told('deleted', 2, 'cus_a', 'A'),
  told('created', 3, 'cus_b', 'B first'),
  told('updated', 4, 'cus_b', 'B second'),
  told('deleted', 5, 'cus_b', 'B second'),
]

const theirs = {
  ...{ _id: 'theirs', stripe_user_id: 'acct_1', email: 'ann@example.com' },
  ...{ source: 'crm', created_at: new Date(0) },
}

test.each([
  ['by default', []],
  ['as mapped', [{ from: 'name', to: 'name' }]],
])('a contact of two former customers shows the one deleted last, %s', async (_, mappings) => {
  const names = new Set<unknown>()
  for (const order of ordersOf(others)) {
    const accounts = [account({ new_contact: false, mappings })]
    const deliveries = new EventDeliveries({ accounts, documents: { 'crm.contacts': [theirs] } })
    await deliveries.deliverEach(first, ...order)
    const contact = deliveries.only('crm.contacts')
    const former = contact.former_stripe_customer_ids
    // Which customers of one address adopt a contact hangs on what was seen of the others by then.
    if (Array.isArray(former) && former.includes('cus_b')) names.add(contact.name)
  }
  expect([...names]).toEqual(['B second'])
})

test('a late event of the customer deleted first changes nothing of its contact', async () => {
  const accounts = [account({ new_contact: false })]
  const deliveries = new EventDeliveries({ accounts, documents: { 'crm.contacts': [theirs] } })
  await deliveries.deliverEach(first, ...others)
  const before = deliveries.only('crm.contacts')
  const late = { ...told('updated', 1, 'cus_a', 'A late'), id: 'evt_zzz' }
  await deliveries.deliver(late)
  expect(deliveries.only('crm.contacts')).toEqual(before)
})

// The CRM has joined the contacts of two customers.
const joined = {
  ...{ ...theirs, name: 'A', stripe_customer_id: 'cus_a', former_stripe_customer_ids: ['cus_b'] },
  ...{ source: 'billing-sync', updated_at: new Date(0) },
}
const living = [told('created', 3, 'cus_b', 'B first'), told('updated', 4, 'cus_b', 'B second')]

test('a former customer that lives takes the place of one that is deleted, whichever is told first', async () => {
  for (const order of ordersOf([told('deleted', 5, 'cus_a', 'A'), ...living])) {
    const accounts = [account({ new_contact: false })]
    const deliveries = new EventDeliveries({ accounts, documents: { 'crm.contacts': [joined] } })
    await deliveries.deliverEach(...order)
    expect(deliveries.only('crm.contacts')).toMatchObject({
      ...{ stripe_customer_id: 'cus_b', former_stripe_customer_ids: ['cus_a'], name: 'B second' },
    })
    expect(await deliveries.deliver(told('deleted', 5, 'cus_a', 'A'))).toEqual(['unchanged'])
  }
})

test('of several former customers that live the one created last takes the place', async () => {
  const both = { ...joined, former_stripe_customer_ids: ['cus_b', 'cus_c'] }
  const accounts = [account({ new_contact: false })]
  const deliveries = new EventDeliveries({ accounts, documents: { 'crm.contacts': [both] } })
  await deliveries.deliverEach(...living, told('created', 4, 'cus_c', 'C'), told('deleted', 5, 'cus_a', 'A'))
  expect(deliveries.only('crm.contacts')).toMatchObject({
    ...{ stripe_customer_id: 'cus_c', former_stripe_customer_ids: ['cus_a', 'cus_b'], name: 'C' },
  })
})

test('a former customer that has a contact of its own keeps that one', async () => {
  const own = { ...joined, _id: 'own', stripe_customer_id: 'cus_b', former_stripe_customer_ids: [] }
  const accounts = [account({ new_contact: false })]
  const deliveries = new EventDeliveries({ accounts, documents: { 'crm.contacts': [joined, own] } })
  await deliveries.deliverEach(...living, told('deleted', 5, 'cus_a', 'A'))
  const linked = deliveries
    .documents('crm.contacts')
    .map(({ _id, stripe_customer_id }) => [_id, stripe_customer_id])
  expect(linked).toEqual([
    ['theirs', undefined],
    ['own', 'cus_b'],
  ])
})

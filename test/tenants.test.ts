import { describe, expect, test } from 'vitest'
import { account, charge, customer, paidInvoice, stripeEvent, subscription } from './oracle/hand-written.ts'
import { EventDeliveries } from './support/event-deliveries.ts'

describe('two accounts with the same object ids', () => {
  const lifeOf = (stripe_user_id: string, plan: string) =>
    [
      stripeEvent({ type: 'customer.created', at: 1, object: customer({ name: plan }) }),
      stripeEvent({
        type: 'customer.subscription.created',
        at: 2,
        object: subscription({ metadata: { plan } }),
      }),
      stripeEvent({ type: 'charge.succeeded', at: 3, object: charge({ invoice: 'in_1' }) }),
      stripeEvent({
        type: 'invoice.paid',
        at: 4,
        object: paidInvoice({ subscription: 'sub_1', number: plan, currency: 'usd' }),
      }),
    ].map((event) => ({ ...event, account: stripe_user_id }))
  const accounts = ['acct_1', 'acct_2'].map((stripe_user_id) => account({ stripe_user_id }))
  const [first, second] = [lifeOf('acct_1', 'gold'), lifeOf('acct_2', 'free')]

  const stored = (deliveries: EventDeliveries, stripe_user_id: string) =>
    [
      ...['billing.customers', 'billing.subscriptions', 'billing.charges', 'billing.invoices'],
      ...['crm.contacts', 'support.conversations', 'support.rooms', 'support.messages'],
    ].map((name) =>
      deliveries.documents(name).filter((document) => document.stripe_user_id === stripe_user_id),
    )

  test('end as each would alone, however their events mix', async () => {
    const [alone, other, mixed] = [0, 1, 2].map(() => new EventDeliveries({ accounts }))
    if (alone === undefined || other === undefined || mixed === undefined)
      throw new TypeError('three are made')
    await alone.deliverEach(...first)
    await other.deliverEach(...second)
    await mixed.deliverEach(...first.flatMap((event, index) => [second[index], event]))
    expect(stored(mixed, 'acct_1')).toEqual(stored(alone, 'acct_1'))
    expect(stored(mixed, 'acct_2')).toEqual(stored(other, 'acct_2'))
    expect(stored(mixed, 'acct_1').map((documents) => documents.length)).toEqual([1, 1, 1, 1, 1, 1, 1, 1])
  })

  test('share no document, link or word', async () => {
    const deliveries = new EventDeliveries({ accounts })
    await deliveries.deliverEach(...first, ...second)
    expect(JSON.stringify(stored(deliveries, 'acct_1'))).not.toMatch(/free|acct_2/)
    expect(JSON.stringify(stored(deliveries, 'acct_2'))).not.toMatch(/gold|acct_1/)
  })
})

import { describe, expect, test } from 'vitest'
import { stripeEvent } from '../oracle/hand-written.ts'
import { EventDeliveries } from '../support/event-deliveries.ts'
import { loadEvent } from '../support/fixture-files.ts'
import { ordersOf } from '../support/observed.ts'

const told = (verb: string, at: number) =>
  stripeEvent({
    type: `account.application.${verb}`,
    at,
    object: { id: 'ca_1', object: 'application', name: 'Platform' },
  })

const stored = { _id: 'acct_1', stripe_user_id: 'acct_1', new_contact: true, mappings: [] }
const withAccount = () => new EventDeliveries({ documents: { 'billing.accounts': [stored] } })

describe('the connection of an account', () => {
  test.each([
    ['authorized', 'connected', {}],
    ['deauthorized', 'disconnected', { disconnected_at: new Date(5_000) }],
  ])('after it %s the platform is %s', async (verb, state, also) => {
    const deliveries = withAccount()
    expect(await deliveries.deliver(told(verb, 5))).toEqual(['applied'])
    expect(deliveries.only('billing.accounts')).toEqual({
      ...stored,
      connection: { state, as_of: new Date(5_000) },
      ...also,
    })
    expect(deliveries.lastNotices).toMatchObject([
      { kind: 'account.updated', collection: 'billing.accounts' },
    ])
  })

  test('is told by the later event, whatever came first', async () => {
    for (const order of ordersOf([told('authorized', 1), told('deauthorized', 5), told('authorized', 9)])) {
      const deliveries = withAccount()
      await deliveries.deliverEach(...order)
      expect(deliveries.only('billing.accounts')).toMatchObject({
        connection: { state: 'connected', as_of: new Date(9_000) },
        disconnected_at: new Date(5_000),
      })
    }
  })

  test('is cut where both events share a second', async () => {
    for (const order of ordersOf([told('authorized', 5), told('deauthorized', 5)])) {
      const deliveries = withAccount()
      await deliveries.deliver(...order)
      expect(deliveries.only('billing.accounts')).toMatchObject({ connection: { state: 'disconnected' } })
    }
  })

  test('is changed by no event that comes again', async () => {
    const deliveries = withAccount()
    expect(await deliveries.deliverEach(told('authorized', 5), told('authorized', 5))).toEqual([
      'applied',
      'unchanged',
    ])
  })

  test('is left alone by news that is older', async () => {
    const deliveries = withAccount()
    expect(await deliveries.deliverEach(told('deauthorized', 5), told('authorized', 1))).toEqual([
      'applied',
      'stale',
    ])
  })

  test('is read from the fixtures, and their application is not stored', async () => {
    const deliveries = new EventDeliveries()
    const event = loadEvent('account.application.deauthorized.endive')
    expect(await deliveries.deliver(event)).toEqual(['applied'])
    expect(deliveries.only('billing.accounts')).toMatchObject({
      _id: event.account,
      connection: { state: 'disconnected' },
    })
  })
})

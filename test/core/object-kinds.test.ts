import { describe, expect, test } from 'vitest'
import { isObjectKind, objectKinds } from '../../src/core/object-kinds.ts'

describe('the table of Stripe objects', () => {
  test('gives each object the collection of the contract', () => {
    const collections = Object.entries(objectKinds).map(([kind, { collection }]) => [kind, collection])
    expect(Object.fromEntries(collections)).toEqual({
      charge: 'billing.charges',
      invoice: 'billing.invoices',
      customer: 'billing.customers',
      subscription: 'billing.subscriptions',
      refund: 'billing.refunds',
      dispute: 'billing.disputes',
      product: 'billing.products',
      invoice_payment: 'billing.invoice_payments',
    })
  })

  test('names the lists that Stripe cuts at ten', () => {
    const cut = Object.entries(objectKinds).filter(([, { lists }]) => lists.length > 0)
    expect(cut.map(([kind, { lists }]) => [kind, ...lists])).toEqual([
      ['charge', 'refunds'],
      ['invoice', 'lines'],
      ['subscription', 'items'],
    ])
  })

  test.each(['charge', 'invoice_payment'])('knows %s', (name) => {
    expect(isObjectKind(name)).toBe(true)
  })

  test.each(['price', 'list', 'constructor', '__proto__', ''])('does not know %j', (name) => {
    expect(isObjectKind(name)).toBe(false)
  })
})

import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import type { ObjectKind } from '../../src/core/object-kinds.ts'
import type { Links } from '../../src/core/observation.ts'
import { noLinks } from '../../src/core/observation.ts'
import {
  linkOfPayment,
  paymentIntentIn,
  paymentIntentOf,
  projectionFinders,
} from '../../src/unit-of-work/projection-finders.ts'
import { projected } from '../support/observed.ts'

const found = (kind: ObjectKind, name: string, fields: JsonObject, links: Partial<Links> = {}): unknown =>
  projectionFinders[kind]
    ?.find((finder) => finder.name === name)
    ?.valuesOf(projected(kind, { id: 'x_1', ...fields }, { links: { ...noLinks, ...links } }))

describe('relatives are found', () => {
  test('by the links that were learnt, not by what a payload says', () => {
    expect(found('charge', 'invoice', { invoice: 'in_9' }, { invoices: ['in_1'] })).toEqual(['in_1'])
    expect(found('invoice', 'charge', { charge: 'ch_9' }, { charges: ['ch_1', 'ch_2'] })).toEqual([
      'ch_1',
      'ch_2',
    ])
    expect(found('invoice', 'subscription', {}, { subscriptions: ['sub_1'] })).toEqual(['sub_1'])
  })

  test('by the customer and the payment intent of the latest state', () => {
    expect(found('invoice', 'customer', { customer: 'cus_1' })).toEqual(['cus_1'])
    expect(found('charge', 'payment_intent', { payment_intent: 'pi_1' })).toEqual(['pi_1'])
  })

  test('by both ends of an invoice payment', () => {
    const fields = { invoice: 'in_1', payment: { payment_intent: 'pi_1', charge: 'ch_1' } }
    expect(found('invoice_payment', 'invoice', fields)).toEqual(['in_1'])
    expect(found('invoice_payment', 'payment_intent', fields)).toEqual(['pi_1'])
    expect(found('invoice_payment', 'charge', fields)).toEqual(['ch_1'])
  })

  test.each<[ObjectKind, string, JsonObject]>([
    ['invoice', 'customer', { customer: { $gt: '' } }],
    ['charge', 'payment_intent', { payment_intent: ['pi_1'] }],
    ['invoice_payment', 'invoice', { invoice: null }],
    ['invoice_payment', 'payment_intent', { payment: 'pi_1' }],
    ['invoice_payment', 'charge', {}],
  ])('of a %s by no %s that is no text', (kind, name, fields) => {
    expect(found(kind, name, fields)).toEqual([])
  })

  test('only through fields that an index serves', () => {
    const fields = Object.entries(projectionFinders).map(([kind, finders]) => [
      kind,
      ...finders.map(({ field }) => field),
    ])
    expect(fields).toEqual([
      ['charge', 'invoice', 'payment_intent'],
      ['invoice', 'charges', 'subscription', 'customer'],
      ['invoice_payment', 'invoice', 'payment.payment_intent', 'payment.charge'],
    ])
  })
})

describe('the payment intent', () => {
  test('of a charge is its own field', () => {
    expect(paymentIntentOf(projected('charge', { id: 'ch_1', payment_intent: 'pi_1' }))).toBe('pi_1')
    expect(paymentIntentOf(projected('charge', { id: 'ch_1', payment_intent: null }))).toBeNull()
  })

  test('of an invoice payment is read plain and expanded', () => {
    const payment = (payment_intent: JsonObject | string) =>
      projected('invoice_payment', { id: 'inpay_1', payment: { payment_intent } })
    expect(linkOfPayment(payment('pi_1'), 'payment_intent')).toBe('pi_1')
    expect(linkOfPayment(payment({ id: 'pi_2' }), 'payment_intent')).toBe('pi_2')
    expect(paymentIntentIn({ payment: { payment_intent: { id: 'pi_3' } } })).toBe('pi_3')
    expect(paymentIntentIn(null)).toBeNull()
  })
})

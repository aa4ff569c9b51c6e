import { describe, expect, it } from 'vitest'
import { expectedCollections } from './expected-state.ts'
import { account, charge, customer, invoice, paidInvoice, stripeEvent, subscription } from './hand-written.ts'
import { historyOf } from './history-of.ts'
import type { Json } from './plain-json.ts'

/** Returns the expected document of an id, in the first account unless another is named. */
const expected = (events: readonly Json[], id: string, of = 'acct_1'): Json => {
  const accounts = [account(), account({ stripe_user_id: 'acct_2' })]
  const collections = expectedCollections(historyOf({ accounts, events }), { effects: 'missing' })
  const found = Object.entries(collections)
    .filter(([collection]) => collection.startsWith('billing.'))
    .flatMap(([, documents]) => documents)
    .find((document) => document.stripe_id === id && document.stripe_user_id === of)
  return found ?? {}
}

const born = stripeEvent({ type: 'customer.created', at: 1, object: customer() })
const renamed = stripeEvent({ type: 'customer.updated', at: 2, object: customer({ name: 'Anna' }) })
const bareDeletion = stripeEvent({
  type: 'customer.deleted',
  at: 9,
  object: { id: 'cus_1', object: 'customer', deleted: true },
})

const subscribed = (metadata: Json, at = 2): Json =>
  stripeEvent({ type: 'customer.subscription.updated', at, object: subscription({ metadata }) })

const billed = (fields: Json): Json =>
  stripeEvent({ type: 'invoice.created', at: 3, object: invoice({ subscription: 'sub_1', ...fields }) })

const charged = (fields: Json, type = 'charge.succeeded'): Json =>
  stripeEvent({ type, at: 4, object: charge(fields), id: `evt_${String(fields.id)}` })

const paidBy = (payment: Json): Json => {
  const object = {
    id: 'inpay_1',
    object: 'invoice_payment',
    created: 1,
    invoice: 'in_1',
    payment,
    status: 'paid',
  }
  return stripeEvent({ type: 'invoice_payment.paid', at: 5, object, generation: 'endive' })
}

describe('The expected projections', () => {
  it('hold the last state with whose and what it is', () => {
    expect(expected([born, renamed], 'cus_1')).toEqual({
      ...customer({ name: 'Anna' }),
      _id: 'acct_1/cus_1',
      stripe_id: 'cus_1',
      stripe_user_id: 'acct_1',
      livemode: false,
      sync: { own_metadata: {} },
    })
  })

  it('keep the last content under a tombstone of either shape', () => {
    const whole = stripeEvent({ type: 'customer.deleted', at: 9, object: customer({ name: 'Anna' }) })
    for (const deletion of [bareDeletion, whole]) {
      const grave = { name: 'Anna', deleted: true, deleted_at: new Date(9000) }
      expect(expected([born, renamed, deletion], 'cus_1')).toMatchObject(grave)
    }
  })

  it('hold a bare tombstone of an object never seen otherwise', () => {
    expect(expected([bareDeletion], 'cus_1')).toEqual({
      _id: 'acct_1/cus_1',
      stripe_id: 'cus_1',
      stripe_user_id: 'acct_1',
      livemode: false,
      deleted: true,
      deleted_at: new Date(9000),
    })
  })

  it('come back to life by a later creation only', () => {
    const again = stripeEvent({ type: 'customer.created', at: 20, object: customer({ name: 'New' }) })
    const revived = expected([born, bareDeletion, again], 'cus_1')
    expect(revived.name).toBe('New')
    expect(revived).not.toHaveProperty('deleted')
    const late = stripeEvent({ type: 'customer.updated', at: 20, object: customer({ name: 'New' }) })
    expect(expected([born, bareDeletion, late], 'cus_1')).toMatchObject({ name: 'New', deleted: true })
  })

  it('merge metadata own over invoice over subscription', () => {
    const events = [
      subscribed({ a: 'sub', b: 'sub', c: 'sub' }),
      billed({ metadata: { b: 'inv', c: 'inv' } }),
      charged({ id: 'ch_1', invoice: 'in_1', metadata: { c: 'own' } }),
    ]
    expect(expected(events, 'in_1').metadata).toEqual({ a: 'sub', b: 'inv', c: 'inv' })
    expect(expected(events, 'ch_1').metadata).toEqual({ a: 'sub', b: 'inv', c: 'own' })
    expect(expected(events, 'ch_1').sync).toEqual({ own_metadata: { c: 'own' } })
  })

  it('lose a metadata key that its subscription lost', () => {
    const events = [
      subscribed({ a: '1', b: '1' }),
      billed({}),
      charged({ id: 'ch_1', invoice: 'in_1' }),
      subscribed({ b: '2' }, 9),
    ]
    expect(expected(events, 'in_1').metadata).toEqual({ b: '2' })
    expect(expected(events, 'ch_1').metadata).toEqual({ b: '2' })
  })

  it('take the snapshot only while the subscription is unknown', () => {
    const old = billed({ subscription_details: { metadata: { plan: 'then' } } })
    const parent = { subscription_details: { metadata: { plan: 'then' }, subscription: 'sub_1' } }
    const current = billed({ subscription: undefined, parent })
    for (const told of [old, current]) {
      expect(expected([told], 'in_1')).toMatchObject({ metadata: { plan: 'then' }, subscription: 'sub_1' })
      expect(expected([subscribed({}), told], 'in_1').metadata).toEqual({})
    }
  })

  it('link charge and invoice from either end and never unlink', () => {
    const unlinked = stripeEvent({ type: 'charge.updated', at: 9, object: charge() })
    const fromCharge = [billed({}), charged({ id: 'ch_1', invoice: 'in_1' }), unlinked]
    const fromInvoice = [billed({ charge: 'ch_1' }), charged({ id: 'ch_1' })]
    for (const events of [fromCharge, fromInvoice]) {
      expect(expected(events, 'in_1')).toMatchObject({ charge: 'ch_1', charges: ['ch_1'] })
      expect(expected(events, 'ch_1')).toMatchObject({ invoice: 'in_1' })
    }
  })

  it('link all charges of a payment intent in any order of arrival', () => {
    const tried = charged({ id: 'ch_2', status: 'failed' }, 'charge.failed')
    const payment = paidBy({ type: 'payment_intent', payment_intent: 'pi_1' })
    const other = charged({ id: 'ch_3', payment_intent: 'pi_3' })
    for (const events of [
      [billed({}), tried, charged({ id: 'ch_1' }), payment, other],
      [payment, other, tried, billed({}), charged({ id: 'ch_1' })],
    ]) {
      expect(expected(events, 'in_1')).toMatchObject({ charge: 'ch_1', charges: ['ch_1', 'ch_2'] })
      expect(expected(events, 'ch_2').invoice).toBe('in_1')
      expect(expected(events, 'ch_3').invoice).toBeNull()
    }
  })

  it('link the charge of a payment without payment intent', () => {
    const events = [
      billed({}),
      charged({ id: 'ch_1', payment_intent: null }),
      paidBy({ type: 'charge', charge: 'ch_1' }),
    ]
    expect(expected(events, 'in_1').charges).toEqual(['ch_1'])
  })

  it('name the succeeded charge created last, else the last attempt', () => {
    const at = (id: string, created: number, status: string): Json =>
      charged({ id, created, status, invoice: 'in_1' })
    const failures = [billed({}), at('ch_1', 7, 'failed'), at('ch_3', 5, 'failed'), at('ch_2', 7, 'failed')]
    expect(expected(failures, 'in_1').charge).toBe('ch_2')
    const successes = [at('ch_4', 3, 'succeeded'), at('ch_5', 4, 'succeeded'), at('ch_6', 9, 'pending')]
    expect(expected([...failures, ...successes], 'in_1').charge).toBe('ch_5')
  })

  it('tell paid and the period of a subscription in both generations', () => {
    expect(expected([billed({ status: 'paid' })], 'in_1').paid).toBe(true)
    expect(expected([billed({ status: 'paid', paid: false })], 'in_1').paid).toBe(false)
    expect(expected([billed({})], 'in_1').paid).toBe(false)
    const item = (start: number, end: number): Json => ({
      current_period_start: start,
      current_period_end: end,
    })
    const object = subscription({ items: { object: 'list', data: [item(20, 90), item(10, 80)] } })
    const told = stripeEvent({ type: 'customer.subscription.created', at: 2, object })
    expect(expected([told], 'sub_1')).toMatchObject({ current_period_start: 10, current_period_end: 90 })
  })

  it('keep accounts with the same object ids apart', () => {
    const elsewhere = stripeEvent({
      type: 'charge.succeeded',
      at: 5,
      object: charge({ invoice: 'in_1' }),
      account: 'acct_2',
    })
    const events = [subscribed({ a: '1' }), billed({}), elsewhere]
    expect(expected(events, 'in_1').charges).toEqual([])
    const payment = paidBy({ type: 'payment_intent', payment_intent: 'pi_1' })
    expect(expected([...events, payment], 'in_1').charges).toEqual([])
    expect(expected([charged({ id: 'ch_2' }), { ...payment, account: 'acct_2' }], 'ch_2').invoice).toBeNull()
    expect(expected(events, 'ch_1', 'acct_2')).toMatchObject({ invoice: 'in_1', metadata: {} })
  })

  it('leave the content of an ended subscription without a tombstone', () => {
    const ended = stripeEvent({
      type: 'customer.subscription.deleted',
      at: 5,
      object: subscription({ status: 'canceled' }),
    })
    expect(expected([subscribed({}), ended], 'sub_1')).toMatchObject({ status: 'canceled' })
    expect(expected([subscribed({}), ended], 'sub_1')).not.toHaveProperty('deleted')
  })

  it('bury a deleted draft with its content', () => {
    const deleted = stripeEvent({
      type: 'invoice.deleted',
      at: 6,
      object: { id: 'in_1', object: 'invoice', deleted: true },
    })
    const buried = { status: 'draft', deleted: true, deleted_at: new Date(6000) }
    expect(expected([billed({ status: 'draft' }), deleted], 'in_1')).toMatchObject(buried)
  })

  it('apply events in true order whatever their place in the list', () => {
    const paid = stripeEvent({ type: 'invoice.paid', at: 5, object: paidInvoice() })
    const history = historyOf({ accounts: [account()], events: [billed({}), paid] })
    const reversed = { ...history, events: [...history.events].reverse() }
    expect(expectedCollections(reversed, { effects: 'missing' })['billing.invoices']).toEqual(
      expectedCollections(history, { effects: 'missing' })['billing.invoices'],
    )
  })
})

import { describe, expect, test } from 'vitest'
import { charge, invoice, stripeEvent, subscription } from '../oracle/hand-written.ts'
import { EventDeliveries } from '../support/event-deliveries.ts'
import { ordersOf } from '../support/observed.ts'

type Fields = Record<string, unknown>

const charged = (fields: Fields = {}, at = 4) =>
  stripeEvent({
    type: 'charge.succeeded',
    at,
    object: charge(fields),
    generation: 'endive',
    id: `evt_${String(fields.id ?? 'ch_1')}_${at}`,
  })
const billed = (fields: Fields = {}, at = 3) =>
  stripeEvent({
    type: 'invoice.updated',
    at,
    object: invoice(fields),
    generation: 'endive',
    id: `evt_${String(fields.id ?? 'in_1')}_${at}`,
  })
const settled = (payment: Fields, fields: Fields = {}) =>
  stripeEvent({
    type: 'invoice_payment.paid',
    at: 5,
    object: {
      id: 'inpay_1',
      object: 'invoice_payment',
      invoice: 'in_1',
      amount_paid: 500,
      payment,
      status: 'paid',
      ...fields,
    },
    generation: 'endive',
    id: `evt_${String(fields.id ?? 'inpay_1')}`,
  })
const subscribed = stripeEvent({
  type: 'customer.subscription.created',
  at: 1,
  object: subscription({ metadata: { team: 'blue' } }),
})

const byIntent = settled({ type: 'payment_intent', payment_intent: 'pi_1' })
const ofSubscription = { parent: { subscription_details: { subscription: 'sub_1', metadata: {} } } }

/** Delivers in every order, one by one and as one batch, and hands each end state to the check. */
const inEveryOrder = async (events: readonly unknown[], check: (end: EventDeliveries) => void) => {
  for (const order of ordersOf(events)) {
    const [apart, together] = [new EventDeliveries(), new EventDeliveries()]
    await apart.deliverEach(...order)
    await together.deliver(...order)
    check(apart)
    check(together)
  }
}

describe('a charge and its invoice', () => {
  test('are linked by either end of the older versions', async () => {
    for (const events of [
      [charged({ invoice: 'in_1' }), billed()],
      [charged(), billed({ charge: 'ch_1' })],
    ]) {
      await inEveryOrder(events, (end) => {
        expect(end.only('billing.charges')).toMatchObject({ invoice: 'in_1' })
        expect(end.only('billing.invoices')).toMatchObject({ charge: 'ch_1', charges: ['ch_1'] })
      })
    }
  })

  test('are linked by an invoice payment, whatever arrives last', async () => {
    await inEveryOrder([charged(), billed(ofSubscription), byIntent, subscribed], (end) => {
      expect(end.only('billing.charges')).toMatchObject({ invoice: 'in_1', metadata: { team: 'blue' } })
      expect(end.only('billing.invoices')).toMatchObject({
        charge: 'ch_1',
        charges: ['ch_1'],
        subscription: 'sub_1',
        metadata: { team: 'blue' },
      })
    })
  })

  test('are linked by a payment that names the charge itself', async () => {
    const direct = settled({ type: 'charge', charge: 'ch_1' })
    await inEveryOrder([charged({ payment_intent: null }), billed(), direct], (end) => {
      expect(end.only('billing.charges')).toMatchObject({ invoice: 'in_1' })
      expect(end.only('billing.invoices')).toMatchObject({ charge: 'ch_1' })
    })
  })

  test('are linked through a payment intent that came expanded', async () => {
    const expanded = settled({ payment_intent: { id: 'pi_1', object: 'payment_intent' } })
    await inEveryOrder([charged(), billed(), expanded], (end) => {
      expect(end.only('billing.charges')).toMatchObject({ invoice: 'in_1' })
    })
  })

  test('are linked though one of them is missing still', async () => {
    const withoutInvoice = new EventDeliveries()
    await withoutInvoice.deliver(charged(), byIntent)
    expect(withoutInvoice.only('billing.charges')).toMatchObject({ invoice: 'in_1' })
    const withoutCharge = new EventDeliveries()
    await withoutCharge.deliver(billed({ charge: 'ch_1' }))
    expect(withoutCharge.only('billing.invoices')).toMatchObject({ charge: 'ch_1', charges: ['ch_1'] })
  })

  test('stay linked when later payloads no longer say so', async () => {
    const old = [charged({ invoice: 'in_1' }), billed({ charge: 'ch_1', subscription: 'sub_1' })]
    const current = [charged({ description: 'newer' }, 9), billed({ description: 'newer' }, 9)]
    await inEveryOrder([...old, ...current], (end) => {
      expect(end.only('billing.charges')).toMatchObject({ invoice: 'in_1', description: 'newer' })
      expect(end.only('billing.invoices')).toMatchObject({
        charge: 'ch_1',
        subscription: 'sub_1',
        description: 'newer',
      })
    })
  })

  test('are not linked across accounts', async () => {
    const end = new EventDeliveries()
    await end.deliverEach(
      charged(),
      { ...billed({ charge: 'ch_1' }), account: 'acct_2' },
      {
        ...byIntent,
        account: 'acct_2',
      },
    )
    expect(end.only('billing.charges')).toMatchObject({ invoice: null, metadata: {} })
  })
})

describe('an invoice of several charges', () => {
  test('names the succeeded one created last, in any order', async () => {
    const events = [
      charged({ id: 'ch_a', created: 1, status: 'failed' }),
      charged({ id: 'ch_b', created: 2, status: 'succeeded' }),
      billed(),
      byIntent,
    ]
    await inEveryOrder(events, (end) => {
      expect(end.only('billing.invoices')).toMatchObject({ charge: 'ch_b', charges: ['ch_a', 'ch_b'] })
    })
  })

  test('names the last attempt while all failed', async () => {
    const events = [
      charged({ id: 'ch_b', created: 1, status: 'failed' }),
      charged({ id: 'ch_a', created: 2, status: 'failed' }),
      byIntent,
      billed(),
    ]
    await inEveryOrder(events, (end) => {
      expect(end.only('billing.invoices')).toMatchObject({ charge: 'ch_a', charges: ['ch_a', 'ch_b'] })
    })
  })

  test('has those of all its payments', async () => {
    const events = [
      charged({ id: 'ch_a', payment_intent: 'pi_1', created: 1 }),
      charged({ id: 'ch_b', payment_intent: 'pi_2', created: 2 }),
      billed(),
      byIntent,
      settled({ payment_intent: 'pi_2' }, { id: 'inpay_2' }),
    ]
    const end = new EventDeliveries()
    await end.deliverEach(...events)
    expect(end.only('billing.invoices')).toMatchObject({ charge: 'ch_b', charges: ['ch_a', 'ch_b'] })
    expect(end.documents('billing.charges').map(({ invoice: of }) => of)).toEqual(['in_1', 'in_1'])
  })

  test('passes its metadata to every one of them', async () => {
    const events = [
      charged({ id: 'ch_a', created: 1, status: 'failed' }),
      charged({ id: 'ch_b', created: 2, metadata: { own: '1' } }),
      billed({ metadata: { note: 'n' } }),
      byIntent,
    ]
    await inEveryOrder(events, (end) => {
      expect(end.object('billing.charges', 'ch_a')).toMatchObject({ metadata: { note: 'n' } })
      expect(end.object('billing.charges', 'ch_b')).toMatchObject({ metadata: { note: 'n', own: '1' } })
    })
  })
})

describe('a payment intent of several invoices', () => {
  test('gives its charge the first of them by id', async () => {
    const events = [
      charged(),
      settled({ payment_intent: 'pi_1' }, { id: 'inpay_2', invoice: 'in_2' }),
      byIntent,
    ]
    await inEveryOrder(events, (end) => {
      expect(end.only('billing.charges')).toMatchObject({ invoice: 'in_1' })
    })
  })
})

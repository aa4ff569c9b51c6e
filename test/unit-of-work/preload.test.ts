import { describe, expect, test } from 'vitest'
import { eventRows } from '../../src/handlers/registry.ts'
import { meaningOf } from '../../src/pipeline/event-meaning.ts'
import { preload } from '../../src/unit-of-work/preload.ts'
import { charge, customer, invoice, paidInvoice, stripeEvent, subscription } from '../oracle/hand-written.ts'
import { EventDeliveries, inboxEntry } from '../support/event-deliveries.ts'
import { openCountedWork } from '../support/read-counting.ts'

const nth = (index: number) => ({
  charge: charge({ id: `ch_${index}`, payment_intent: `pi_${index}`, customer: `cus_${index}` }),
  invoice: paidInvoice({ id: `in_${index}`, customer: `cus_${index}`, amount_paid: 500, currency: 'usd' }),
  customer: customer({ id: `cus_${index}`, email: `person${index}@example.com` }),
  payment: {
    id: `inpay_${index}`,
    object: 'invoice_payment',
    invoice: `in_${index}`,
    payment: { payment_intent: `pi_${index}` },
  },
})

const told = (type: string, object: Record<string, unknown>, at = 5) =>
  stripeEvent({
    type,
    at,
    object,
    id: `evt_${type.replaceAll('.', '_')}_${object.id}_${at}`,
    generation: 'endive',
  })

/** Handles the events over documents of an earlier run, and counts the reads before and after the preloading. */
const countReads = async (events: readonly unknown[], earlier: readonly unknown[] = []) => {
  const before = new EventDeliveries()
  await before.deliver(...earlier)
  const collections = [
    ...['charges', 'invoices', 'customers', 'subscriptions', 'invoice_payments'].map(
      (name) => `billing.${name}`,
    ),
    ...['crm.contacts', 'support.conversations', 'support.rooms', 'support.messages'],
  ]
  const documents = Object.fromEntries(collections.map((name) => [name, [...before.documents(name)]]))
  const { work, reads } = await openCountedWork(documents)
  const observations = events
    .map((event) => meaningOf(inboxEntry(event).event, { source: 'replay', livemode: null }))
    .flatMap((meaning) => (meaning.kind === 'observation' ? [meaning] : []))
  await preload(
    work,
    observations.map(({ observation }) => observation),
  )
  const preloaded = reads.length
  for (const { row, observation } of observations) await row.handle(work, observation)
  const later = reads.slice(preloaded).filter(({ of }) => of !== 'currency')
  return { preloaded, later }
}

const indexes = Array.from({ length: 20 }, (_, index) => index)

describe('preloading', () => {
  test.each<[string, (index: number) => readonly unknown[]]>([
    ['new charges', (index) => [told('charge.succeeded', nth(index).charge)]],
    ['new invoices', (index) => [told('invoice.finalized', invoice({ id: `in_${index}` }))]],
    ['paid invoices', (index) => [told('invoice.paid', nth(index).invoice)]],
    ['customers', (index) => [told('customer.created', nth(index).customer)]],
    ['payments of invoices', (index) => [told('invoice_payment.paid', nth(index).payment)]],
    [
      'subscriptions',
      (index) => [told('customer.subscription.updated', subscription({ id: `sub_${index}` }))],
    ],
  ])('reads as often for 20 %s as for one', async (_, eventsOf) => {
    const one = await countReads(eventsOf(0))
    const many = await countReads(indexes.flatMap(eventsOf))
    expect(many.preloaded).toBe(one.preloaded)
  })

  test('leaves handlers nothing to read, be all new or known', async () => {
    const story = indexes.flatMap((index) => {
      const of = nth(index)
      return [
        told('customer.created', of.customer, 1),
        told('charge.succeeded', of.charge, 2),
        told('invoice_payment.paid', of.payment, 3),
        told('invoice.paid', of.invoice, 4),
      ]
    })
    expect((await countReads(story)).later).toEqual([])
    const later = indexes.map((index) => told('invoice.updated', nth(index).invoice, 9))
    expect((await countReads(later, story)).later).toEqual([])
  })

  test('leaves handlers nothing to read where events of one object need different things', async () => {
    const { invoice: paid, customer: known } = nth(1)
    const events = [
      told('customer.created', { ...known, email: 'first@example.com' }, 1),
      told('customer.updated', known, 2),
      told('invoice.created', { ...paid, status: 'draft', customer: 'cus_9' }, 3),
      told('invoice.paid', paid, 4),
      told('invoice.updated', paid, 5),
    ]
    expect((await countReads(events)).later).toEqual([])
  })

  test('finds the relatives of what is stored', async () => {
    const earlier = [
      told('customer.subscription.created', subscription({ metadata: { plan: 'free' } }), 1),
      told('invoice.finalized', invoice({ parent: { subscription_details: { subscription: 'sub_1' } } }), 2),
      told('charge.succeeded', charge(), 3),
      told('invoice_payment.paid', { ...nth(1).payment, invoice: 'in_1' }, 4),
    ]
    const renamed = told('customer.subscription.updated', subscription({ metadata: { plan: 'gold' } }), 9)
    expect((await countReads([renamed], earlier)).later).toEqual([])
  })

  test('is defined for every kind of object in the table', async () => {
    const objects = [...eventRows]
      .filter(([, { kind }]) => kind !== 'application')
      .map(([type, { kind }]) => told(type, { id: `x_${kind}`, object: kind }))
    const { later } = await countReads(objects)
    expect(later).toEqual([])
  })
})

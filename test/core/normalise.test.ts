import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../src/core/json.ts'
import { isIdentified, observe, observeCarried, observeRead } from '../../src/core/normalise.ts'
import type { ObjectKind } from '../../src/core/object-kinds.ts'
import type { Observation } from '../../src/core/observation.ts'
import { parseStripeEvent } from '../../src/core/stripe-event.ts'
import { fixtureText } from '../support/fixture-files.ts'

const plain = { creates: false, deletes: false, ends: false, tellsPayment: false }

const observedIn = (envelope: Json, kind: ObjectKind, meaning: Partial<typeof plain> = {}): Observation => {
  const parsed = parseStripeEvent(envelope)
  if (!('event' in parsed) || !isIdentified(parsed.event.object ?? undefined))
    throw new TypeError('the test needs an event with an object')
  const object = parsed.event.object as JsonObject & { readonly id: string } // just told so
  return observe(parsed.event, object, { kind, meaning: { ...plain, ...meaning }, source: 'replay' })
}

/** A fixture as its own JSON text says it. */
const fixture = (name: string): Json => JSON.parse(fixtureText(name))

const eventOf = (object: JsonObject, told: JsonObject = {}): Json => ({
  id: 'evt_1',
  object: 'event',
  account: 'acct_1',
  api_version: '2026-10-28.endive',
  created: 100,
  livemode: true,
  type: 'invoice.updated',
  data: { object },
  ...told,
})

const invoiceLinks = (fields: JsonObject) => observedIn(eventOf({ id: 'in_1', ...fields }), 'invoice').links
const chargeLinks = (fields: JsonObject) => observedIn(eventOf({ id: 'ch_1', ...fields }), 'charge').links

describe('an observation of an event', () => {
  test('carries what envelope, object and table say', () => {
    const content = { id: 'in_1', object: 'invoice', status: 'paid', customer: 'cus_1' }
    const envelope = eventOf(content, { data: { object: content, previous_attributes: { status: 'open' } } })
    expect(observedIn(envelope, 'invoice', { tellsPayment: true })).toEqual({
      kind: 'invoice',
      id: 'in_1',
      moment: 201,
      eventId: 'evt_1',
      readSeq: null,
      source: 'replay',
      apiVersion: '2026-10-28.endive',
      livemode: true,
      content,
      expanded: {},
      previous: { status: 'open' },
      creates: false,
      revives: false,
      deletes: false,
      rank: 104,
      links: { invoices: [], charges: [], subscriptions: [] },
      tellsPayment: true,
    })
  })
})

describe('links of both generations', () => {
  test('are read from an old charge and absent in a new one', () => {
    expect(chargeLinks({ invoice: 'in_1' }).invoices).toEqual(['in_1'])
    expect(chargeLinks({ invoice: null }).invoices).toEqual([])
    expect(chargeLinks({}).invoices).toEqual([])
  })

  test('are read from an old invoice', () => {
    expect(invoiceLinks({ charge: 'ch_1', subscription: 'sub_1' })).toEqual({
      invoices: [],
      charges: ['ch_1'],
      subscriptions: ['sub_1'],
    })
  })

  test('are read from where new invoices keep their subscription', () => {
    const parent = { type: 'subscription_details', subscription_details: { subscription: 'sub_1' } }
    expect(invoiceLinks({ parent }).subscriptions).toEqual(['sub_1'])
    expect(
      invoiceLinks({ parent: { subscription_details: { subscription: { id: 'sub_2' } } } }),
    ).toMatchObject({
      subscriptions: ['sub_2'],
    })
    expect(invoiceLinks({ parent: null }).subscriptions).toEqual([])
    expect(invoiceLinks({ parent: { subscription_details: null } }).subscriptions).toEqual([])
  })

  test('are read from the fixtures of both generations alike', () => {
    const [old, current] = ['acacia', 'endive'].map(
      (generation) => observedIn(fixture(`invoice.paid.${generation}`), 'invoice').links,
    )
    expect(old?.subscriptions).toHaveLength(1)
    expect(current?.subscriptions).toHaveLength(1)
    expect(old?.charges).toHaveLength(1)
    expect(current?.charges).toEqual([])
  })

  test.each<[string, Json]>([
    ['an operator', { $gt: '' }],
    ['a list', ['in_1']],
    ['a number', 7],
    ['true', true],
    ['an empty text', ''],
    ['a text with a line break', 'in_1\n'],
    ['a text of 256 characters', 'x'.repeat(256)],
    ['a hash whose id is an operator', { id: { $ne: null } }],
  ])('are none where the id is %s', (_, id) => {
    expect(chargeLinks({ invoice: id }).invoices).toEqual([])
    expect(invoiceLinks({ charge: id, subscription: id }).charges).toEqual([])
    expect(invoiceLinks({ subscription: id }).subscriptions).toEqual([])
    expect(invoiceLinks({ parent: { subscription_details: { subscription: id } } }).subscriptions).toEqual([])
  })
})

describe('expanded relatives', () => {
  test('become ids, with a snapshot beside the content', () => {
    const invoice = { id: 'in_1', object: 'invoice', total: 5 }
    const seen = observedIn(eventOf({ id: 'ch_1', invoice, customer: 'cus_1' }), 'charge')
    expect(seen.content).toEqual({ id: 'ch_1', invoice: 'in_1', customer: 'cus_1' })
    expect(seen.expanded).toEqual({ invoice })
    expect(seen.links.invoices).toEqual(['in_1'])
  })

  test('become ids side by side, the payload itself left as it was', () => {
    const ends = { payment_intent: { id: 'pi_1' }, charge: { id: 'ch_1' } }
    const payment = Object.freeze({ ...ends, type: 'charge' })
    const seen = observedIn(eventOf({ id: 'inpay_1', payment }), 'invoice_payment')
    expect(seen.content).toEqual({
      id: 'inpay_1',
      payment: { payment_intent: 'pi_1', charge: 'ch_1', type: 'charge' },
    })
    expect(seen.expanded).toEqual(ends)
  })

  test('become null where they have no id that is text', () => {
    const seen = observedIn(eventOf({ id: 'ch_1', customer: { id: { $gt: '' } } }), 'charge')
    expect(seen.content).toEqual({ id: 'ch_1', customer: null })
  })

  test('are left alone where the name is no link', () => {
    const seen = observedIn(eventOf({ id: 'ch_1', billing_details: { id: 'x' } }), 'charge')
    expect(seen.content).toEqual({ id: 'ch_1', billing_details: { id: 'x' } })
    expect(seen.expanded).toEqual({})
  })

  test.each<[ObjectKind, string]>([
    ['charge', 'balance_transaction'],
    ['charge', 'payment_intent'],
    ['invoice', 'subscription'],
    ['subscription', 'latest_invoice'],
    ['refund', 'charge'],
    ['refund', 'customer'],
    ['dispute', 'charge'],
    ['product', 'default_price'],
  ])('of a %s are collapsed in %s', (kind, link) => {
    const seen = observedIn(eventOf({ id: 'x_1', [link]: { id: 'y_1' } }), kind)
    expect(seen.content).toEqual({ id: 'x_1', [link]: 'y_1' })
  })
})

describe('a deletion', () => {
  test('has no content where it is the bare stub', () => {
    const seen = observedIn(eventOf({ id: 'cus_1', object: 'customer', deleted: true }), 'customer')
    expect(seen).toMatchObject({ content: null, deletes: true, rank: 200 })
  })

  test('has content where it shows the whole object', () => {
    const whole = { id: 'cus_1', object: 'customer', name: 'Ann', deleted: true }
    const seen = observedIn(eventOf(whole), 'customer', { deletes: true })
    expect(seen).toMatchObject({
      content: { id: 'cus_1', object: 'customer', name: 'Ann' },
      deletes: true,
      rank: 200,
    })
    expect(seen.content).not.toHaveProperty('deleted')
  })

  test('is told by the event type where the object does not say', () => {
    const seen = observedIn(eventOf({ id: 'cus_1', name: 'Ann' }), 'customer', { deletes: true })
    expect(seen).toMatchObject({ deletes: true, content: { name: 'Ann' } })
  })

  test('is read from both shapes of the fixtures', () => {
    const stub = observedIn(fixture('customer.deleted.stub'), 'customer', { deletes: true })
    const whole = observedIn(fixture('customer.deleted.endive'), 'customer', { deletes: true })
    expect([stub.content, stub.deletes]).toEqual([null, true])
    expect([whole.content?.object, whole.deletes]).toEqual(['customer', true])
  })
})

describe('a carried object', () => {
  test('is observed as of the same moment, with nothing of its own event', () => {
    const charge = observedIn(eventOf({ id: 'ch_1' }), 'charge', { creates: true, tellsPayment: true })
    const refund = { id: 're_1', object: 'refund', status: 'succeeded', charge: { id: 'ch_1', amount: 5 } }
    expect(observeCarried(charge, 'refund', refund)).toMatchObject({
      kind: 'refund',
      id: 're_1',
      moment: charge.moment,
      eventId: 'evt_1',
      content: { id: 're_1', charge: 'ch_1' },
      expanded: { charge: { id: 'ch_1', amount: 5 } },
      previous: null,
      creates: false,
      deletes: false,
      tellsPayment: false,
      rank: 102,
    })
  })
})

describe('what is read', () => {
  const life = (object: JsonObject, single: boolean) => {
    const { revives, deletes } = observeRead(
      'customer',
      { id: 'cus_1', ...object },
      {
        ...{ unixSeconds: 5, seq: 3, apiVersion: '2026-10-28.endive' },
        ...{ livemode: false, source: 'backfill', single },
      },
    )
    return { revives, deletes }
  }

  test('shows that a deleted object lives again where it alone was asked for', () => {
    expect(life({ name: 'Ann' }, true)).toEqual({ revives: true, deletes: false })
    expect(life({ deleted: true }, true)).toEqual({ revives: false, deletes: true })
  })

  test('revives nothing as a piece of a list', () => {
    expect(life({ name: 'Ann' }, false)).toEqual({ revives: false, deletes: false })
  })
})

describe('what MongoDB cannot hold as it is', () => {
  const lone = { note: 'cut \uD83D', 'a\0b': [{ '\uD800': 'x\0' }] }
  const escaped = { note: 'cut \\ud83d', 'a\\u0000b': [{ '\\ud800': 'x\0' }] }
  const charge = { id: 'ch_1', metadata: lone, customer: { id: 'cus_1', name: 'cut \uDC00' } }
  const asCharge = {
    content: { id: 'ch_1', metadata: escaped, customer: 'cus_1' },
    expanded: { customer: { id: 'cus_1', name: 'cut \\udc00' } },
  }

  test('has its escapes in what an event tells, old values too', () => {
    const told = { object: charge, previous_attributes: { metadata: lone } }
    const seen = observedIn(eventOf({}, { data: told }), 'charge')
    expect(seen).toMatchObject({ ...asCharge, previous: { metadata: escaped } })
  })

  test('has its escapes in what is read', () => {
    const stamp = { unixSeconds: 5, seq: 3, apiVersion: 'v', livemode: false, single: true }
    expect(observeRead('charge', charge, { ...stamp, source: 'backfill' })).toMatchObject(asCharge)
  })
})

describe('an object id', () => {
  test.each(['cus_1', 'my product #1', 'a:b', '~', 'schön 🦊', 'x'.repeat(255)])('may be %j', (id) => {
    expect(isIdentified({ id })).toBe(true)
  })

  test.each<[Json | undefined]>([
    [''],
    ['x'.repeat(256)],
    ['tab\t'],
    ['nul\0'],
    ['lone \ud83e'],
    ['zero\u200bwidth'],
    [null],
    [7],
    [{ $gt: '' }],
    [['cus_1']],
    [undefined],
  ])('may not be %j', (id) => {
    expect(isIdentified(id === undefined ? {} : { id })).toBe(false)
  })

  test('belongs to a hash, not to anything else', () => {
    expect([null, 'cus_1', ['cus_1'], undefined].map((value) => isIdentified(value))).toEqual([
      false,
      false,
      false,
      false,
    ])
  })
})

import { describe, expect, test } from 'vitest'
import { BillingSyncError } from '../../../src/errors.ts'
import { clientOf, openStripe } from '../../../src/sources/stripe/account-client.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import { observations, paidLife, read } from '../../support/object-reading.ts'
import { deliveryOptions, handleEvents, readerOf } from '../../support/reading-pipeline.ts'
import { refundCharge } from '../../support/stripe/money-back-story.ts'
import { payInvoice } from '../../support/stripe/payment-story.ts'
import { type PlayedStripe, playStripe } from '../../support/stripe/played-stripe.ts'

describe('a charge', () => {
  test('comes with its customer, invoice, subscription and payments', async () => {
    const life = await paidLife()
    const [charge, ...relatives] = observations(await read(life, { kind: 'charge', id: life.charge }))
    expect(charge?.content).toMatchObject({ id: life.charge, customer: life.customer })
    expect(charge?.expanded).toMatchObject({
      customer: { id: life.customer },
      invoice: { id: life.invoice },
      subscription: { id: life.subscription },
    })
    expect(relatives.map(({ kind, content }) => [kind, content?.invoice])).toEqual([
      ['invoice_payment', life.invoice],
    ])
  })

  test('comes with its refunds once something was refunded', async () => {
    const life = await paidLife()
    refundCharge(life.account, life.charge, { amount: 100 })
    const kinds = observations(await read(life, { kind: 'charge', id: life.charge })).map(({ kind }) => kind)
    expect(kinds).toEqual(['charge', 'invoice_payment', 'refund'])
  })

  test('tells that its customer is deleted', async () => {
    const life = await paidLife()
    life.account.delete('customer', life.customer)
    const seen = observations(await read(life, { kind: 'charge', id: life.charge }))
    expect(seen.at(-1)).toMatchObject({ kind: 'customer', id: life.customer, deletes: true, content: null })
  })

  test('is read although the key may not read invoice payments', async () => {
    const life = await paidLife()
    const secret = life.world.addKey('rk_test_narrow', {
      accountId: 'acct_platform',
      mode: 'test',
      forbidden: ['invoice_payments'],
    })
    const stripe = openStripe({ secretKey: secret, apiBase: life.server.url })
    const result = await read(
      life,
      { kind: 'charge', id: life.charge },
      { clientOf: async (id) => clientOf(stripe, id) },
    )
    expect(observations(result).map(({ kind }) => kind)).toEqual(['charge'])
  })
})

describe('an invoice', () => {
  test('comes with its payments, and with all of its lines', async () => {
    const life = await paidLife()
    const lines = Array.from({ length: 23 }, (_, index) => ({ amount: index + 1 }))
    const id = life.account.create('invoice', { customer: life.customer, lines }).id
    const [invoice] = observations(await read(life, { kind: 'invoice', id }))
    expect(invoice?.content?.lines).toMatchObject({ has_more: false })
    expect(invoice?.content?.lines).toHaveProperty('data.length', 23)
    const paid = observations(await read(life, { kind: 'invoice', id: life.invoice }))
    expect(paid.map(({ kind }) => kind)).toEqual(['invoice', 'invoice_payment'])
    expect(paid[0]?.links.subscriptions).toEqual([life.subscription])
  })

  test('comes with more payments than Stripe shows in it', async () => {
    const life = await paidLife()
    const id = life.account.create('invoice', { customer: life.customer, lines: [{ amount: 1_100 }] }).id
    for (let paid = 0; paid < 11; paid += 1) payInvoice(life.account, id, { amount: 100 })
    const [, ...payments] = observations(await read(life, { kind: 'invoice', id }))
    expect(payments.map(({ kind }) => kind)).toEqual(Array.from({ length: 11 }, () => 'invoice_payment'))
  })

  test.each([
    ['the key may not read it', 403, undefined],
    ['it is gone', 404, 'resource_missing'],
    ['a parameter names what is gone', 400, 'resource_missing'],
  ])('is read as Stripe showed it where the rest of a list is not, as %s', async (_why, status, code) => {
    const life = await paidLife()
    const lines = Array.from({ length: 11 }, () => ({ amount: 1 }))
    const id = life.account.create('invoice', { customer: life.customer, lines }).id
    const error = { type: 'invalid_request_error', ...(code === undefined ? {} : { code }) }
    life.server.faults.add({ path: /\/lines/ }, { kind: 'error', status, error })
    const [invoice] = observations(await read(life, { kind: 'invoice', id }))
    expect(invoice?.content?.lines).toMatchObject({ has_more: true })
    expect(invoice?.content?.lines).toHaveProperty('data.length', 10)
    expect(life.server.faults.pending).toBe(0)
  })

  test.each([400, 404])('is not read where its list is refused for another reason: %i', async (status) => {
    const life = await paidLife()
    const lines = Array.from({ length: 11 }, () => ({ amount: 1 }))
    const id = life.account.create('invoice', { customer: life.customer, lines }).id
    life.server.faults.add({ path: /\/lines/ }, { kind: 'error', status, error: { message: 'No' } })
    const what = `the lists of invoices that Stripe cuts at ten entries (status ${status}`
    expect(await read(life, { kind: 'invoice', id })).toMatchObject({
      kind: 'refused',
      failure: { code: 'stripe_refused', message: expect.stringContaining(what) },
    })
  })
})

describe('a subscription', () => {
  test('comes with all of its items, their decimals as texts', async () => {
    const life = await paidLife()
    const items = Array.from({ length: 12 }, () => ({}))
    const id = life.account.create('subscription', { customer: life.customer, items }).id
    const [subscription] = observations(await read(life, { kind: 'subscription', id }))
    const price = expect.objectContaining({ unit_amount_decimal: '2000' })
    expect(subscription?.content?.items).toMatchObject({
      has_more: false,
      data: items.map(() => ({ price })),
    })
  })

  test('is of the mode that it says where the key does not tell', async () => {
    const life = await paidLife()
    const result = await read(life, { kind: 'subscription', id: life.subscription }, { livemode: null })
    expect(observations(result)[0]?.livemode).toBe(false)
  })
})

describe('what Stripe answers when an object cannot be read', () => {
  test('waits where Stripe keeps answering no list for its lines, and for its refunds', async () => {
    const life = await paidLife()
    const { account, server } = life
    const lines = Array.from({ length: 15 }, (_, index) => ({ amount: index }))
    const long = account.seed('invoice', { lines, customer: life.customer })
    refundCharge(account, life.charge)
    server.faults.add({ path: /lines/ }, { kind: 'wrong_json', body: '{}' }, { times: 5 })
    server.faults.add({ path: '/v1/refunds' }, { kind: 'wrong_json', body: '{"data":[null]}' }, { times: 5 })
    const away = { kind: 'waiting', failure: { code: 'stripe_unavailable' } }
    const asked = [{ kind: 'invoice', id: long } as const, { kind: 'charge', id: life.charge } as const]
    const results = await Promise.all(asked.map((object) => read(life, object, { patienceMs: 0 })))
    expect(results).toMatchObject([away, away])
  })

  test('a deleted customer is a deletion without content', async () => {
    const life = await paidLife()
    life.account.delete('customer', life.customer)
    const [customer] = observations(await read(life, { kind: 'customer', id: life.customer }))
    expect(customer).toMatchObject({ deletes: true, content: null })
  })

  test('an unknown object is missing', async () => {
    expect(await read(await playedAccount(), { kind: 'product', id: 'prod_none' })).toEqual({
      kind: 'missing',
    })
  })

  test.each(['.', '..'])('a product named %s cannot be asked for', async (id) => {
    const life = await playedAccount()
    life.server.faults.add({ path: /v1/ }, { kind: 'wrong_json', body: '{"object":"list","data":[]}' })
    // It is not said to be gone: a backfill would bury it.
    expect(await read(life, { kind: 'product', id })).toMatchObject({
      kind: 'refused',
      failure: { code: 'object_unnameable' },
    })
    const { events } = life.world.account('acct_1').create('product', { id, name: 'Tea' })
    const store = new MemoryStore([])
    const outcomes = await handleEvents(events, deliveryOptions(store, readerOf(life.server)))
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['applied'])
    expect(store.dump()['billing.products']).toMatchObject([{ stripe_id: id, name: 'Tea' }])
    expect(life.server.faults.pending).toBe(1)
  })

  test('an account that left is disconnected', async () => {
    const life = await paidLife()
    life.world.disconnect('acct_1')
    expect(await read(life, { kind: 'charge', id: life.charge })).toEqual({
      kind: 'disconnected',
      unixSeconds: life.world.clock.now(),
    })
  })

  test('a wrong key lets the event wait, at once', async () => {
    const life = await paidLife()
    const stripe = openStripe({ secretKey: 'sk_test_wrong', apiBase: life.server.url })
    const result = await read(
      life,
      { kind: 'charge', id: life.charge },
      { clientOf: async (id) => clientOf(stripe, id) },
    )
    expect(result).toMatchObject({ kind: 'waiting', failure: { code: 'stripe_unauthorized' } })
  })

  test("an account's token that can't be opened lets the event wait", async () => {
    const life = await paidLife()
    const error = new BillingSyncError('config_invalid', {
      source: 'BILLING_SYNC_ENCRYPTION_KEY',
      problem: 'x',
    })
    const result = await read(
      life,
      { kind: 'charge', id: life.charge },
      { clientOf: () => Promise.reject(error) },
    )
    expect(result).toMatchObject({ kind: 'waiting', failure: { code: 'config_invalid' } })
  })

  test.each([
    ['stripe_unavailable', true],
    ['stripe_unauthorized', undefined],
  ] as const)('%s while it is asked whose key to use, as the process ends', async (code, isCutOff) => {
    const clientOf = () => Promise.reject(new BillingSyncError(code))
    const asked = { clientOf, signal: AbortSignal.abort() }
    const result = await read(await paidLife(), { kind: 'charge', id: 'ch_1' }, asked)
    expect(result).toEqual({ kind: 'waiting', failure: expect.objectContaining({ code }), isCutOff })
  })

  test.each([
    ['rate_limited', { kind: 'rate_limited', reason: 'endpoint-rate' }],
    ['server_error', { kind: 'server_error' }],
    ['reset', { kind: 'reset' }],
    ['truncated', { kind: 'truncated' }],
    ['lock_timeout', { kind: 'lock_timeout' }],
    ['conflict', { kind: 'conflict' }],
  ] as const)('%s passes and the object is read in the end', async (_name, fault) => {
    const life = await paidLife()
    life.server.faults.add({ path: /charges/ }, fault, { times: 1 })
    expect(observations(await read(life, { kind: 'charge', id: life.charge }))).not.toEqual([])
  })

  test('trouble that does not pass lets the event wait', async () => {
    const life = await paidLife()
    life.server.faults.add({ path: /charges/ }, { kind: 'server_error' }, { times: 100 })
    const result = await read(life, { kind: 'charge', id: life.charge }, { patienceMs: 0 })
    expect(result).toMatchObject({ kind: 'waiting', failure: { code: 'stripe_unavailable' } })
  })

  test('an answer that is no object of Stripe lets the event wait', async () => {
    const life = await paidLife()
    life.server.faults.add({ path: /charges/ }, { kind: 'wrong_json', body: '{}' })
    const result = await read(life, { kind: 'charge', id: life.charge }, { patienceMs: 0 })
    expect(result).toMatchObject({ kind: 'waiting', failure: { code: 'stripe_unavailable' } })
  })

  test.each([
    ['another id', { id: 'ch_another' }],
    ['another kind', { object: 'refund' }],
    ['the other mode', { livemode: true }],
  ])('an answer that shows %s is not the object that was asked for', async (_, shown) => {
    const life = await paidLife()
    const request = { kind: 'charge', id: life.charge } as const
    const body = JSON.stringify({ id: life.charge, object: 'charge', livemode: false, ...shown })
    life.server.faults.add({ path: /charges/ }, { kind: 'wrong_json', body }, { times: 2 })
    const result = await read(life, request, { patienceMs: 0 })
    expect(result).toMatchObject({ kind: 'waiting', failure: { code: 'stripe_unavailable' } })
    expect(observations(await read(life, request))[0]?.id).toBe(life.charge)
  })

  test('an answer that tells neither its kind nor its mode is believed', async () => {
    const life = await paidLife()
    const body = JSON.stringify({ id: life.charge })
    life.server.faults.add({ path: /charges/ }, { kind: 'wrong_json', body }, { times: 1 })
    expect((await read(life, { kind: 'charge', id: life.charge }))?.kind).toBe('seen')
  })

  test.each([400, 410, 424])('any other refusal is the own failure of the event: %s', async (status) => {
    const life = await paidLife()
    life.server.faults.add(
      { path: /charges/ },
      { kind: 'error', status, error: { type: 'invalid_request_error' } },
    )
    expect(await read(life, { kind: 'charge', id: life.charge })).toMatchObject({
      kind: 'refused',
      failure: { code: 'stripe_refused', message: expect.stringContaining(`the charge (status ${status}`) },
    })
  })
})

describe('when a read is sent', () => {
  test('it is later than the event that it decides about', async () => {
    const life = await paidLife()
    life.world.clock.run()
    const second = Math.floor(Date.now() / 1000)
    const [charge] = observations(await read(life, { kind: 'charge', id: life.charge, afterSecond: second }))
    expect(charge?.moment).toBeGreaterThan(second * 2 + 1)
  })

  test('its stamp names the commit that it follows', async () => {
    const life = await paidLife()
    const [charge] = observations(await read(life, { kind: 'charge', id: life.charge }))
    expect(charge).toMatchObject({ readSeq: 7, eventId: null, apiVersion: '2026-10-28.endive' })
  })
})

const playedAccount = async (): Promise<PlayedStripe> => {
  const played = await playStripe()
  played.world.account('acct_1')
  return played
}

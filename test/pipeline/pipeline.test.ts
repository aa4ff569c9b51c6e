import { describe, expect, test } from 'vitest'
import { runBatch } from '../../src/pipeline/pipeline.ts'
import type { PipelineStore } from '../../src/ports/pipeline-store.ts'
import {
  account,
  charge,
  customer,
  invoice,
  paidInvoice,
  stripeEvent,
  subscription,
} from '../oracle/hand-written.ts'
import { EventDeliveries, inboxEntry } from '../support/event-deliveries.ts'
import { fixtureText, loadEvent, loadStory } from '../support/fixture-files.ts'

type Fields = Record<string, unknown>

const charged = (fields: Fields = {}, at = 5) =>
  stripeEvent({
    type: 'charge.succeeded',
    at,
    object: charge(fields),
    id: `evt_${String(fields.id ?? 'ch_1')}_${at}`,
  })
const born = stripeEvent({ type: 'customer.created', at: 1, object: customer() })

// JSON can tell such a number too: `1e999`.
const tooLarge = Number.POSITIVE_INFINITY
const unstorable = charged({ id: 'ch_bad', amount: tooLarge })

describe('the outcomes of a batch', () => {
  test('are those of its events, in their order', async () => {
    const deliveries = new EventDeliveries()
    const first = charged()
    expect(
      await deliveries.deliver(
        first,
        first,
        charged({ description: 'old' }, 3),
        charged({}, 9),
        stripeEvent({ type: 'price.updated', at: 5, object: { id: 'price_1', object: 'price' } }),
        charged({ id: 'ch_2' }),
      ),
    ).toEqual(['applied', 'unchanged', 'stale', 'unchanged', 'ignored', 'applied'])
  })

  test('say stale only where nothing was changed', async () => {
    const deliveries = new EventDeliveries()
    const linking = charged({ invoice: 'in_1' }, 3)
    expect(await deliveries.deliverEach(charged(), linking)).toEqual(['applied', 'applied'])
    expect(deliveries.only('billing.charges')).toMatchObject({ invoice: 'in_1' })
  })

  test.each([
    [true, false, 'ignored'],
    [false, true, 'ignored'],
    [true, true, 'applied'],
    [false, null, 'applied'],
    [null, true, 'applied'],
  ] as const)('for an event of mode %j where %j is wanted: %s', async (livemode, wanted, said) => {
    const deliveries = new EventDeliveries({ livemode: wanted })
    expect(await deliveries.deliver({ ...charged(), livemode })).toEqual([said])
    expect(deliveries.documents('billing.charges')).toHaveLength(said === 'applied' ? 1 : 0)
  })

  test.each<[string, unknown]>([
    ['an operator', { $gt: '' }],
    ['a list', ['ch_1']],
    ['a number', 7],
    ['null', null],
    ['empty', ''],
    ['longer than 255 characters', 'x'.repeat(256)],
    ['broken by a line', 'ch_1\n'],
  ])('are failures where the object id is %s', async (_, id) => {
    const deliveries = new EventDeliveries()
    const event = stripeEvent({ type: 'charge.updated', at: 5, object: { id, object: 'charge' } })
    expect(await deliveries.deliver(event)).toEqual(['failed: object_invalid'])
    expect(deliveries.documents('billing.charges')).toEqual([])
  })

  test.each<[string, unknown]>([
    ['an operator', { $gt: '' }],
    ['an object whose id is one', { id: { $gt: '' } }],
    ['a list', ['cus_1']],
    ['a number', 7],
    ['empty', ''],
    ['broken by a line', 'cus_1\n'],
  ])('are failures where a link is %s', async (_, link) => {
    const deliveries = new EventDeliveries()
    const nested = { subscription_details: { subscription: link } }
    const events = [
      charged({ customer: link }),
      stripeEvent({ type: 'invoice.paid', at: 5, object: { ...paidInvoice(), parent: nested } }),
    ]
    expect(await deliveries.deliver(...events)).toEqual(['failed: object_invalid', 'failed: object_invalid'])
    expect(deliveries.commits.flatMap(({ writes }) => writes)).toEqual([])
  })

  test.each([[null], ['cus_2'], [{ id: 'cus_2', object: 'customer' }]])(
    'are none where a link is %j',
    async (customer) => {
      const deliveries = new EventDeliveries()
      expect(await deliveries.deliver(charged({ customer }))).toEqual(['applied'])
      expect(deliveries.only('billing.charges').customer).toBe(customer === null ? null : 'cus_2')
    },
  )

  test('are failures where the type promises another object', async () => {
    const deliveries = new EventDeliveries()
    const event = stripeEvent({ type: 'charge.updated', at: 5, object: customer() })
    expect(await deliveries.deliver(event)).toEqual(['failed: object_invalid'])
    expect(deliveries.documents('billing.charges')).toEqual([])
    expect(deliveries.documents('billing.customers')).toEqual([])
  })

  test('ignore thin events while nothing is read from Stripe', async () => {
    const deliveries = new EventDeliveries()
    expect(await deliveries.deliver(JSON.parse(fixtureText('v1.charge.refunded.thin')))).toEqual(['ignored'])
  })
})

describe('an event that fails', () => {
  test.each<[string, unknown]>([
    ['in its content', unstorable],
    ['in an expanded relative', charged({ customer: { id: 'cus_1', balance: tooLarge } })],
    [
      'in its previous attributes',
      stripeEvent({ type: 'charge.updated', at: 5, object: charge(), previous: { amount: [tooLarge] } }),
    ],
  ])('is one with a number that is not finite %s', async (_, event) => {
    const deliveries = new EventDeliveries()
    expect(await deliveries.deliver(event)).toEqual(['failed: payload_unstorable'])
    expect(deliveries.documents('billing.charges')).toEqual([])
  })

  test('leaves the others of its batch alone', async () => {
    const deliveries = new EventDeliveries()
    const outcomes = await deliveries.deliver(charged(), unstorable, charged({ id: 'ch_2' }))
    expect(outcomes).toEqual(['applied', 'failed: payload_unstorable', 'applied'])
    expect(deliveries.documents('billing.charges').map(({ stripe_id }) => stripe_id)).toEqual([
      'ch_1',
      'ch_2',
    ])
  })

  test('leaves the projection as it was', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliver(charged({ id: 'ch_bad', description: 'sound' }, 3))
    const before = deliveries.only('billing.charges')
    await deliveries.deliver(unstorable)
    expect(deliveries.only('billing.charges')).toEqual(before)
  })

  test('takes back what its handler had put already', async () => {
    const deliveries = new EventDeliveries()
    const paid = stripeEvent({ type: 'invoice.paid', at: 5, object: paidInvoice() })
    const options = { ...deliveries.options, store: withoutCurrencies(deliveries.options.store) }
    const batch = await runBatch('acct_1', [inboxEntry(paid), inboxEntry(charged())], options)
    expect(batch?.outcomes.map(({ outcome, failure }) => [outcome, failure?.code])).toEqual([
      ['failed', 'handler_failed'],
      ['applied', undefined],
    ])
    expect(deliveries.commits[0]?.writes.map(({ collection }) => collection)).toEqual(['billing.charges'])
  })
})

/** A store whose currencies can't be read for a reason that is our own fault: handlers meet it halfway. */
const withoutCurrencies = (store: PipelineStore): PipelineStore => ({
  ...store,
  openAccount: async (id) => {
    const opened = await store.openAccount(id)
    const currency = () => Promise.reject(new TypeError('no such function'))
    return { ...opened, reader: { ...opened.reader, currency } }
  },
})

describe('an account that is not listed', () => {
  test('has its events parked where the config says so', async () => {
    const deliveries = new EventDeliveries({ parked: true })
    expect(await deliveries.deliver(charged(), born)).toEqual(['parked', 'parked'])
    expect(deliveries.documents('billing.charges')).toEqual([])
    expect(deliveries.commits[0]).toMatchObject({
      writes: [],
      settlements: [{ next: { status: 'parked' } }, { next: { status: 'parked' } }],
    })
  })

  test('is handled with the default settings otherwise', async () => {
    const deliveries = new EventDeliveries({ accounts: [] })
    expect(await deliveries.deliver(born)).toEqual(['applied'])
    expect(deliveries.documents('crm.contacts')).toEqual([])
  })

  test('is the platform where an event names none', async () => {
    const deliveries = new EventDeliveries()
    await deliveries.deliver(loadEvent('charge.succeeded.platform'))
    expect(deliveries.only('billing.charges')).toMatchObject({ stripe_user_id: 'platform' })
  })
})

describe('the story of the fixtures', () => {
  test('changes nothing when it is delivered again', async () => {
    const deliveries = new EventDeliveries({
      accounts: [...new Set(loadStory().map((event) => event.account ?? ''))].map((stripe_user_id) =>
        account({ stripe_user_id }),
      ),
    })
    await deliveries.deliverEach(...loadStory())
    const before = deliveries.commits.flatMap(({ notices }) => notices).length
    expect(before).toBeGreaterThan(50)
    const again = await deliveries.deliverEach(...loadStory().reverse())
    expect(new Set(again)).toEqual(new Set(['unchanged', 'stale']))
    expect(deliveries.commits.flatMap(({ notices }) => notices)).toHaveLength(before)
  })
})

describe('what MongoDB holds as an escape', () => {
  const cut = { description: 'cut emoji \uD83D' }
  const named = (name: string, at: number, id: string, previous?: Fields) =>
    stripeEvent({
      type: previous === undefined ? 'customer.created' : 'customer.updated',
      ...{ at, id, object: customer({ name, ...cut }) },
      ...(previous === undefined ? {} : { previous }),
    })
  const history = [
    named('first', 5, 'evt_9'),
    named('second', 6, 'evt_5', { name: 'first' }),
    named('third', 6, 'evt_3', { name: 'second' }),
  ]

  test.each(['at once', 'one by one'])('has one result whether events come %s', async (way) => {
    const deliveries = new EventDeliveries()
    if (way === 'at once') await deliveries.deliver(...history)
    else await deliveries.deliverEach(...history)
    expect(deliveries.only('billing.customers')).toMatchObject({
      name: 'third',
      description: 'cut emoji \\ud83d',
    })
  })

  test('says nothing new where it is told again', async () => {
    const metadata = { 'a\0b': 'cut \uD83D' }
    const trial = (at: number) =>
      stripeEvent({
        ...{ type: 'customer.subscription.trial_will_end', at, id: `evt_${at}` },
        object: subscription({ metadata }),
      })
    const deliveries = new EventDeliveries()
    const billed = stripeEvent({
      type: 'invoice.finalized',
      at: 5,
      object: invoice({ subscription: 'sub_1' }),
    })
    expect(await deliveries.deliverEach(trial(5), billed, trial(7))).toEqual([
      ...['applied', 'applied', 'unchanged'],
    ])
    expect(deliveries.lastNotices).toEqual([])
    expect(deliveries.only('billing.invoices').metadata).toEqual({ 'a\\u0000b': 'cut \\ud83d' })
  })
})

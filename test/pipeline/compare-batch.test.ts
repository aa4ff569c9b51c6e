import { describe, expect, test } from 'vitest'
import type { Difference } from '../../src/core/drift.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { observeRead } from '../../src/core/normalise.ts'
import type { ObjectKind } from '../../src/core/object-kinds.ts'
import type { Observation } from '../../src/core/observation.ts'
import { compareBatch } from '../../src/pipeline/compare-batch.ts'
import type { StoredDocument, WorkCollection } from '../../src/unit-of-work/reader.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { deliveryOptions, handleEvents } from '../support/reading-pipeline.ts'
import { ACACIA, CLASSIC, ENDIVE } from '../support/stripe/api-version.ts'
import { finalizeInvoice, renewSubscription } from '../support/stripe/billing-story.ts'
import { payInvoice } from '../support/stripe/payment-story.ts'
import { shapeOf } from '../support/stripe/shapes.ts'
import type { StripeAccount } from '../support/stripe/stripe-account.ts'
import { World } from '../support/stripe/world.ts'

const kinds: readonly ObjectKind[] = [
  ...(['customer', 'product', 'subscription', 'invoice'] as const),
  ...(['charge', 'refund', 'dispute', 'invoice_payment'] as const),
]

/** An account with a subscription whose invoice was paid, refunded and disputed. */
const livedAccount = (): StripeAccount => {
  const world = new World({ startAt: 1_700_000_000 })
  const account = world.account('acct_1')
  const later = (): void => world.clock.advance(5)
  const customer = account.create('customer', { name: 'Jane', metadata: { vip: 'yes' } }).id
  account.create('product', { name: 'Shirt' })
  const subscription = account.create('subscription', { customer, metadata: { plan: 'gold' } }).id
  later()
  renewSubscription(account, subscription)
  const [invoice = ''] = account.ids('invoice')
  later()
  finalizeInvoice(account, invoice)
  later()
  payInvoice(account, invoice)
  const [charge = ''] = account.ids('charge')
  later()
  account.create('refund', { charge, amount: 100 })
  account.create('dispute', { charge })
  return account
}

const mirrorOf = async (
  account: StripeAccount,
  apiVersion: string,
  missed: RegExp = /^never$/,
): Promise<MemoryStore> => {
  const settings = { stripe_user_id: 'acct_1', new_contact: true, support: true, mappings: [] }
  const store = new MemoryStore([settings])
  const events = account.events.filter(({ type }) => !missed.test(type))
  await handleEvents(events, deliveryOptions(store, null), apiVersion)
  return store
}

const listed = (account: StripeAccount, kind: ObjectKind, id: string): Observation =>
  observeRead(kind, shapeOf(account.stored(kind, id), 'basil') as JsonObject & { id: string }, {
    ...{ unixSeconds: 1_600_000_000, seq: 0, apiVersion: ENDIVE },
    ...{ livemode: false, source: 'backfill', single: false },
  })

const allListed = (account: StripeAccount): readonly Observation[] =>
  kinds.flatMap((kind) => account.ids(kind).map((id) => listed(account, kind, id)))

const differences = async (
  store: MemoryStore,
  observations: readonly Observation[],
): Promise<readonly Pick<Difference, 'id' | 'drift' | 'fields'>[]> => {
  const { reader } = await store.openAccount('acct_1')
  const found = await compareBatch({ id: 'acct_1', reader }, observations)
  return found.map(({ id, drift, fields }) => ({ id, drift, fields }))
}

/** Writes over fields of one stored document, as somebody with a shell would. */
const edit = async (
  store: MemoryStore,
  collection: WorkCollection,
  id: string,
  change: (document: StoredDocument) => Readonly<Record<string, unknown>>,
): Promise<void> => {
  const { seq, reader } = await store.openAccount('acct_1')
  const [document] = await reader.byDocumentIds(collection, [`acct_1:${id}`])
  if (document === undefined) throw new RangeError(`there is no ${id}`)
  const edited = { ...document, ...change(document) }
  const write = { kind: 'replace', collection, document: edited } as const
  await store.commit({
    account: 'acct_1',
    seq,
    now: new Date(),
    writes: [write],
    notices: [],
    settlements: [],
  })
}

describe('what is read from Stripe', () => {
  test.each([CLASSIC, ACACIA, ENDIVE])('does not differ from what events at %s told', async (version) => {
    const account = livedAccount()
    expect(await differences(await mirrorOf(account, version), allListed(account))).toEqual([])
  })

  test('is compared however much older it is than what is stored', async () => {
    const account = livedAccount()
    const [customer = ''] = account.ids('customer')
    const store = await mirrorOf(account, ENDIVE)
    account.update('customer', customer, { name: 'Joan', metadata: { vip: 'no' } })
    expect(await differences(store, [listed(account, 'customer', customer)])).toEqual([
      { id: customer, drift: 'different', fields: ['metadata', 'name'] },
    ])
  })

  test('is missing where no document is', async () => {
    const account = livedAccount()
    const store = await mirrorOf(account, ENDIVE)
    const product = account.create('product', { name: 'Trousers' }).id
    expect(await differences(store, [listed(account, 'product', product)])).toEqual([
      { id: product, drift: 'missing', fields: [] },
    ])
  })

  test('is not missed where it is deleted as well', async () => {
    const account = livedAccount()
    const store = await mirrorOf(account, ENDIVE)
    const gone = { ...listed(account, 'product', account.ids('product')[0] ?? ''), id: 'prod_9' }
    expect(await differences(store, [{ ...gone, content: null, deletes: true }])).toEqual([])
  })

  test('differs in escapes from nothing that was stored', async () => {
    const account = livedAccount()
    const hostile = { 'a\0b': '\uD800', _bsontype: 'ObjectId', $set: '$x' }
    const customer = account.create('customer', { metadata: hostile }).id
    const store = await mirrorOf(account, ENDIVE)
    expect(await differences(store, [listed(account, 'customer', customer)])).toEqual([])
  })
})

describe('what a document owes to its relatives', () => {
  test('is worked out from what is stored of them', async () => {
    const account = livedAccount()
    const [charge = '', invoice = '', subscription = ''] = [
      ...account.ids('charge'),
      ...account.ids('invoice'),
      ...account.ids('subscription'),
    ]
    const store = await mirrorOf(account, ENDIVE)
    await edit(store, 'billing.charges', charge, () => ({ invoice: null }))
    await edit(store, 'billing.invoices', invoice, () => ({ subscription: 'sub_other', charges: [] }))
    await edit(store, 'billing.subscriptions', subscription, () => ({ current_period_end: 1 }))
    expect(await differences(store, allListed(account))).toEqual([
      { id: subscription, drift: 'different', fields: ['current_period_end'] },
      { id: invoice, drift: 'different', fields: ['charges', 'subscription'] },
      { id: charge, drift: 'different', fields: ['invoice'] },
    ])
  })

  test('names a relative whose link was never learnt', async () => {
    const account = livedAccount()
    const store = await mirrorOf(account, ENDIVE, /^invoice_payment\./)
    const [charge = '', invoice = '', payment = ''] = [
      ...account.ids('charge'),
      ...account.ids('invoice'),
      ...account.ids('invoice_payment'),
    ]
    expect(await differences(store, allListed(account))).toEqual([
      { id: payment, drift: 'missing', fields: [] },
      { id: charge, drift: 'different', fields: ['invoice'] },
      { id: invoice, drift: 'different', fields: ['charge', 'charges'] },
    ])
  })

  test('is no difference as long as both that would tell of it are missing', async () => {
    const account = livedAccount()
    const store = await mirrorOf(account, ENDIVE, /^(invoice_payment|charge)\.(?!dispute)/)
    expect(await differences(store, allListed(account))).toEqual(
      [...account.ids('charge'), ...account.ids('invoice_payment')].map((id) => ({
        ...{ id, drift: 'missing', fields: [] },
      })),
    )
  })

  test('does not name invoices and charges where the subscription alone differs', async () => {
    const account = livedAccount()
    const [subscription = ''] = account.ids('subscription')
    const store = await mirrorOf(account, ENDIVE)
    const forge = { plan: 'silver' }
    await edit(store, 'billing.subscriptions', subscription, ({ sync }) => ({
      metadata: forge,
      sync: { ...(sync as object), own_metadata: forge },
    }))
    expect(await differences(store, allListed(account))).toEqual([
      { id: subscription, drift: 'different', fields: ['metadata'] },
    ])
  })
})

describe('a fingerprint', () => {
  test('tells whether two looks saw the same state', async () => {
    const account = livedAccount()
    const [customer = ''] = account.ids('customer')
    const store = await mirrorOf(account, ENDIVE)
    const { reader } = await store.openAccount('acct_1')
    const look = async (name: string) => {
      account.update('customer', customer, { name })
      const [found] = await compareBatch({ id: 'acct_1', reader }, [listed(account, 'customer', customer)])
      return found?.shows
    }
    const [first, second, third] = [await look('A'), await look('B'), await look('A')]
    expect([first === second, first === third]).toEqual([false, true])
  })
})

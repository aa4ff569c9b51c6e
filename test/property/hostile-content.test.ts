import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../src/core/json.ts'
import type { ObjectKind } from '../../src/core/object-kinds.ts'
import { type ProjectionDocument, projectionOf } from '../../src/core/projection-document.ts'
import { handleDeliveries } from '../../src/pipeline/handle-deliveries.ts'
import { listAccounts } from '../../src/store/accounts.ts'
import { ensureCollections } from '../../src/store/collections.ts'
import { seedCurrencies } from '../../src/store/currencies.ts'
import { openMongoStore } from '../../src/store/mongo-store.ts'
import { decodeStored } from '../../src/store/storable.ts'
import { paidInvoiceEvents } from '../fault/paid-invoice.ts'
import { openTestDatabase } from '../support/database.ts'
import { deliveryOfText } from '../support/deliveries.ts'
import type { SnapshotEvent } from '../support/fixture-files.ts'
import { hostileKeys, hostileObject, unstorableKeys, withEscapes } from '../support/hostile-json.ts'
import { deliveryOptions } from '../support/reading-pipeline.ts'

const { client, db } = await openTestDatabase({ ignoreUndefined: true })
const options = deliveryOptions(openMongoStore({ client, db, parkUnknown: false, retentionMs: 60_000 }), null)

beforeAll(async () => {
  await ensureCollections(db)
  await seedCurrencies(db)
})

const kinds: Readonly<Record<string, readonly [ObjectKind, string]>> = {
  customer: ['customer', 'billing.customers'],
  subscription: ['subscription', 'billing.subscriptions'],
  invoice: ['invoice', 'billing.invoices'],
  charge: ['charge', 'billing.charges'],
  invoice_payment: ['invoice_payment', 'billing.invoice_payments'],
}

/** The events of a paid invoice, and later changes that make its relatives be stored anew. */
const plainEvents = (account: string): readonly SnapshotEvent[] => {
  const events = paidInvoiceEvents(account)
  const later = ['customer', 'subscription', 'invoice', 'charge'].flatMap((object) => {
    const last = events.findLast(({ data }) => data.object.object === object)
    const type = { subscription: 'customer.subscription.updated' }[object] ?? `${object}.updated`
    return last === undefined ? [] : [{ ...last, id: `${last.id}later`, type }]
  })
  return [...events, ...later].map((event, index) => ({ ...event, created: event.created + 1_000 * index }))
}

const anyObject = hostileObject([...hostileKeys, ...unstorableKeys])

/** What one event carries beside its fields. */
interface Burden {
  readonly top: JsonObject
  readonly metadata: JsonObject
  readonly previous: JsonObject
}

const burdens: fc.Arbitrary<readonly Burden[]> = fc.array(
  fc.record({ top: anyObject, metadata: anyObject, previous: anyObject }),
  { minLength: 10, maxLength: 10 },
)

/** The text of an event that carries a burden: written here, so that no key is taken for anything on the way. */
const burdened = (event: SnapshotEvent, { top, metadata, previous }: Burden): string => {
  const own = Object.entries({ ...event.data.object, metadata })
  const object = Object.fromEntries([...Object.entries(top), ...own])
  return JSON.stringify({ ...event, data: { object, previous_attributes: previous } })
}

interface Told {
  readonly created: number
  readonly object: JsonObject
  /** Names of what it carries beside its own fields. */
  readonly burden: readonly string[]
}

const toldIn = (text: string, { top }: Burden): Told => {
  const { created, data }: SnapshotEvent = JSON.parse(text)
  return { created, object: data.object, burden: Object.keys(top) }
}

const latestOf = (all: readonly Told[]): ReadonlyMap<string, Told> => {
  const latest = new Map<string, Told>()
  for (const told of all) {
    const id = String(told.object.id)
    if (told.created >= (latest.get(id)?.created ?? 0)) latest.set(id, told)
  }
  return latest
}

const expectSame = (found: unknown, expected: unknown): void => {
  if (!isDeepStrictEqual(found, expected)) expect(found).toStrictEqual(expected)
}

const load = async (collection: string, id: string): Promise<ProjectionDocument> => {
  const rows = await db.collection(collection).find({ stripe_id: id }, { raw: true }).toArray()
  expect(rows).toHaveLength(1)
  // With this option the driver answers bytes, which its types don't know.
  return decodeStored(rows[0] as unknown as Uint8Array) as ProjectionDocument
}

/** Keys of a document that are never the object's. */
const ours = new Set(['_id'])

const expectStored = async ({ object, burden }: Told): Promise<void> => {
  const [kind, collection] = kinds[String(object.object)] ?? []
  if (kind === undefined || collection === undefined) throw new TypeError(`no collection of ${object.object}`)
  const document = await load(collection, String(object.id))
  const expected = withEscapes(object) as JsonObject // of an object it is one
  expectSame(projectionOf(kind, document).content?.winner.content, expected)
  expectSame(document.sync.own_metadata, expected.metadata)
  const shown = burden
    .filter((name) => !ours.has(name))
    .map((name) => Object.keys(withEscapes({ [name]: 1 }) ?? {})[0] ?? '')
  for (const name of shown)
    expectSame(
      Object.getOwnPropertyDescriptor(document, name)?.value,
      Object.getOwnPropertyDescriptor(expected, name)?.value,
    )
}

const merged = (...objects: readonly (Json | undefined)[]): Json =>
  withEscapes(Object.fromEntries(objects.flatMap((object) => Object.entries(object ?? {}))))

let accounts = 0

test('any signed JSON is stored as it is at every commit of its document', { timeout: 300_000 }, async () => {
  const seed = Number(process.env.PROPERTY_SEED ?? Date.now() % 2 ** 31)
  console.log(`PROPERTY_SEED=${seed}`)
  let commits = 0
  await fc.assert(
    fc.asyncProperty(burdens, fc.array(fc.nat(1000), { minLength: 10, maxLength: 10 }), async (all, keys) => {
      accounts += 1
      const account = `acct_hostile${accounts}`
      for (const [, collection] of Object.values(kinds)) await db.collection(collection).deleteMany({})
      await listAccounts(db, [
        { stripe_user_id: account, new_contact: true, mappings: [{ from: 'metadata', to: 'custom' }] },
      ])
      const events = plainEvents(account)
      const texts = events.map((event, index) => burdened(event, all[index] ?? empty))
      const order = texts.map((_, index) => index).sort((a, b) => (keys[a] ?? 0) - (keys[b] ?? 0))
      const delivered: Told[] = []
      for (const index of order) {
        const text = texts[index] ?? ''
        const { outcomes } = await handleDeliveries([deliveryOfText(text)], options)
        expect(outcomes.map(({ failure }) => failure)).toEqual([null])
        delivered.push(toldIn(text, all[index] ?? empty))
        commits += 1
        for (const told of latestOf(delivered).values()) await expectStored(told)
      }
      const told = [...latestOf(delivered).values()].map(({ object }) => object)
      const named = (name: string): JsonObject => told.find(({ object }) => object === name) ?? {}
      const [charge, invoice, subscription] = ['charge', 'invoice', 'subscription'].map(named)
      const stored = await load('billing.charges', String(charge?.id))
      expectSame(stored.metadata, merged(subscription?.metadata, invoice?.metadata, charge?.metadata))
      const [contact] = await db
        .collection('crm.contacts')
        .find({ stripe_user_id: account }, { raw: true })
        .toArray()
      expectSame(
        decodeStored(contact as unknown as Uint8Array).custom,
        withEscapes(named('customer').metadata ?? {}),
      )
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
      expect(Object.keys(Object.prototype)).toEqual([])
    }),
    { numRuns: 10, seed },
  )
  console.log(`${commits} commits`)
})

const empty: Burden = { top: {}, metadata: {}, previous: {} }

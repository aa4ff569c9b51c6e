import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Document, Filter, Sort } from 'mongodb'
import { beforeAll, describe, expect, test } from 'vitest'
import { type ObjectKind, objectKinds } from '../../src/core/object-kinds.ts'
import { caseless, collectionIndexes, ensureCollections, type IndexRow } from '../../src/store/collections.ts'
import { toStorable } from '../../src/store/storable.ts'
import { deskTables } from '../../src/unit-of-work/desk-entities.ts'
import { projectionFinders } from '../../src/unit-of-work/projection-finders.ts'
import { openTestDatabase } from '../support/database.ts'
import { loadEvent } from '../support/fixture-files.ts'
import { projectFolder } from '../support/source-modules.ts'

const { client, db } = await openTestDatabase()
const account = 'acct_1'

beforeAll(() => ensureCollections(db))

const listIndexes = (name: string): Promise<Document[]> => db.collection(name).listIndexes().toArray()

describe('ensureCollections', () => {
  test('creates every collection of the list with its indexes', async () => {
    for (const [name, rows] of Object.entries(collectionIndexes)) {
      const keys = (await listIndexes(name)).map(({ key }) => Object.entries(key))
      expect(keys, name).toEqual([[['_id', 1]], ...rows.map((row) => Object.entries(row.keys))])
    }
  })

  test('changes nothing when all is there', async () => {
    const before = await db.listCollections().toArray()
    await ensureCollections(db)
    expect(await db.listCollections().toArray()).toEqual(before)
  })

  test('adds an index that is missing', async () => {
    await db.collection('billing.charges').dropIndex('stripe_user_id_1_invoice_1')
    await ensureCollections(db)
    const names = (await listIndexes('billing.charges')).map(({ name }) => name)
    expect(names).toContain('stripe_user_id_1_invoice_1')
  })

  test('lets several processes do it at once', async () => {
    const other = client.db(`${db.databaseName}_race`)
    await Promise.all([ensureCollections(other), ensureCollections(other)])
    const names = (await other.listCollections().toArray()).map(({ name }) => name)
    await other.dropDatabase()
    expect(names.sort()).toEqual(Object.keys(collectionIndexes).sort())
  })
})

test('every unique index of an account begins with the account', () => {
  const unique = Object.entries(collectionIndexes).flatMap(([name, rows]) =>
    rows
      .filter(({ options }) => options?.unique === true)
      .map(({ keys }) => ({ name, keys: Object.keys(keys) })),
  )
  const shared = unique.filter(({ keys }) => keys[0] !== 'stripe_user_id')
  expect(shared).toEqual([{ name: 'currency', keys: ['code'] }])
})

/** The field that leads each index of a collection, after the account, and whether it is unique; none of one of accounts alone. */
const leadingFields = (rows: readonly IndexRow[]): Readonly<Record<string, boolean>> => {
  const led: Record<string, boolean> = {}
  for (const { keys, options } of rows) {
    const field = Object.keys(keys).find((key) => key !== 'stripe_user_id')
    if (field === undefined) continue
    const name = field === 'metadata.$**' ? 'metadata' : field
    led[name] = led[name] === true || options?.unique === true
  }
  return led
}

/** The same, by collection, in the table under the README's heading on collections. */
const fieldsInReadme = (): Readonly<Record<string, Readonly<Record<string, boolean>>>> => {
  const [, section = ''] = readFileSync(join(projectFolder, 'README.md'), 'utf8').split(/^## Collections$/m)
  const [table = ''] = section.split(/^## /m)
  const told = [...table.matchAll(/^\| (`.+`) \| .+ \| (.+) \|$/gm)].flatMap(([, names = '', cell = '']) => {
    const fields = [...cell.matchAll(/`([\w.]+)`( \(unique)?/g)]
      .filter(([, field]) => field !== '_id')
      .map(([, field = '', unique]) => [field, unique !== undefined] as const)
    return names.split(', ').map((name) => [name.replaceAll('`', ''), Object.fromEntries(fields)] as const)
  })
  return Object.fromEntries(told)
}

test('the README tells every collection and what its indexes begin with', () => {
  const created = Object.entries(collectionIndexes).map(([name, rows]) => [name, leadingFields(rows)])
  expect(fieldsInReadme()).toEqual(Object.fromEntries(created))
})

interface Query {
  readonly collection: string
  readonly by: Filter<Document>
  readonly sort?: Sort
  readonly collation?: typeof caseless
}

const newest: Sort = { created: -1 }
const newestMade: Sort = { created_at: -1 }

/** What support and CRM pages ask; each filter comes with the account's id. */
const queries: readonly Query[] = [
  ...['billing.charges', 'billing.invoices', 'billing.subscriptions'].flatMap((collection): Query[] => [
    { collection, by: { customer: 'cus_7' }, sort: newest },
    { collection, by: { status: 'status_7' }, sort: newest },
    { collection, by: {}, sort: newest },
    { collection, by: { 'metadata.plan': 'plan_7' } },
  ]),
  { collection: 'billing.charges', by: { invoice: 'in_7' } },
  { collection: 'billing.charges', by: { payment_intent: 'pi_7' } },
  { collection: 'billing.invoices', by: { subscription: 'sub_7' }, sort: newest },
  { collection: 'billing.invoices', by: { number: 'number_7' } },
  { collection: 'billing.disputes', by: { charge: 'ch_7' } },
  { collection: 'billing.disputes', by: { status: 'status_7' }, sort: newest },
  { collection: 'billing.refunds', by: { charge: 'ch_7' } },
  { collection: 'billing.refunds', by: { customer: 'cus_7' }, sort: newest },
  { collection: 'billing.refunds', by: { status: 'status_7' }, sort: newest },
  { collection: 'billing.products', by: { active: true }, sort: newest },
  { collection: 'billing.customers', by: { email: 'email_7' } },
  { collection: 'billing.customers', by: { email: 'EMAIL_7' }, collation: caseless },
  { collection: 'billing.customers', by: {}, sort: newest },
  { collection: 'billing.customers', by: { 'metadata.plan': 'plan_7' } },
  { collection: 'crm.contacts', by: { email: 'email_7' } },
  { collection: 'crm.contacts', by: { email: 'EMAIL_7' }, collation: caseless },
  {
    collection: 'crm.contacts',
    by: { email: 'EMAIL_7', stripe_customer_id: 'cus_7' },
    collation: caseless,
  },
  { collection: 'crm.contacts', by: { stripe_customer_id: 'cus_7' } },
  { collection: 'crm.contacts', by: { former_stripe_customer_ids: 'cus_7' } },
  { collection: 'crm.contacts', by: {}, sort: newestMade },
  { collection: 'support.conversations', by: { contact_id: 'contact_7' } },
  { collection: 'support.conversations', by: {}, sort: newestMade },
  { collection: 'support.rooms', by: { conversation_id: 'conversation_7' } },
  { collection: 'support.rooms', by: {}, sort: newestMade },
  { collection: 'support.messages', by: { conversation_id: 'conversation_7' }, sort: newestMade },
  { collection: 'support.messages', by: { room_id: 'room_7' }, sort: newestMade },
  { collection: 'support.messages', by: {}, sort: newestMade },
  { collection: 'billing.events', by: { created: { $gte: new Date(7) } }, sort: { created: 1, event_id: 1 } },
  { collection: 'queue.jobs', by: { at: { $gte: new Date(7) } }, sort: { at: 1 } },
]

interface Lookup {
  readonly collection: string
  readonly field: string
  readonly caseless?: boolean
}

/** What the unit of work asks by, many values at once. */
const lookups: readonly Lookup[] = [
  ...Object.values(deskTables).flatMap(({ collection, finders }) =>
    finders.map(({ field, caseless: ignoreCase }) => ({ collection, field, caseless: ignoreCase === true })),
  ),
  ...Object.entries(projectionFinders).flatMap(
    ([kind, finders]) =>
      finders.map(({ field }) => ({ collection: objectKinds[kind as ObjectKind].collection, field })), // the table's own keys
  ),
]

const queryOf = ({ collection, field, caseless: ignoreCase }: Lookup): Query => ({
  collection,
  by: { [field]: { $in: [7, 8].map((value) => valueAt(filling(2 * value), field)) } },
  ...(ignoreCase === true ? { collation: caseless } : {}),
})

const valueAt = (document: Document, path: string): unknown => {
  const value = path.split('.').reduce<unknown>((at, key) => (at as Document)[key], document)
  return Array.isArray(value) ? value[0] : value
}

// One document has every field that any of the queries names; each value is shared by two accounts.
const filling = (index: number): Document => {
  const owner = index % 2 === 0 ? account : 'acct_2'
  const value = Math.floor(index / 2)
  return {
    _id: `${owner}:${index}`,
    stripe_user_id: owner,
    created: new Date(value),
    created_at: new Date(value),
    at: new Date(value),
    customer: `cus_${value}`,
    stripe_customer_id: `cus_${value}`,
    former_stripe_customer_ids: [`cus_${value}`],
    status: `status_${value}`,
    invoice: `in_${value}`,
    payment_intent: `pi_${value}`,
    subscription: `sub_${value}`,
    number: `number_${value}`,
    charge: `ch_${value}`,
    charges: [`ch_${value}`],
    payment: { charge: `ch_${value}`, payment_intent: `pi_${value}` },
    active: value === 7,
    email: `email_${value}`,
    contact_id: `contact_${value}`,
    conversation_id: `conversation_${value}`,
    room_id: `room_${value}`,
    metadata: { plan: `plan_${value}` },
  }
}

describe('an index serves', () => {
  const all = [...queries, ...lookups.map(queryOf)]

  beforeAll(async () => {
    const documents = Array.from({ length: 200 }, (_, index) => filling(index))
    for (const name of new Set(all.map(({ collection }) => collection))) {
      await db.collection(name).insertMany(structuredClone(documents) as never[]) // ids are strings
    }
  })

  test.each(all.map((query) => ({ query, title: titleOf(query) })))(
    '$title',
    async ({ query: { collection, by, sort, collation } }) => {
      const found = db
        .collection(collection)
        .find({ stripe_user_id: account, ...by }, collation === undefined ? {} : { collation })
        .limit(10)
      const { executionStats, queryPlanner } = await (sort === undefined ? found : found.sort(sort)).explain()
      const stages = stagesOf(queryPlanner.winningPlan)
      expect(stages).toContain('IXSCAN')
      expect(stages).not.toContain('COLLSCAN')
      expect(stages).not.toContain('SORT')
      expect(executionStats.nReturned).toBeGreaterThan(0)
      // The one more that the wildcard index may answer is the other account's.
      expect(executionStats.totalDocsExamined).toBeLessThanOrEqual(executionStats.nReturned + 1)
    },
  )
})

const titleOf = ({ collection, by, sort, collation }: Query): string =>
  [
    collection,
    ...(Object.keys(by).length > 0 ? [`by ${Object.keys(by).join(', ')}`] : []),
    ...(Object.values(by).some(isSeveral) ? ['of several'] : []),
    ...(collation === undefined ? [] : ['in any case']),
    ...(sort === undefined ? [] : [`in order of ${Object.keys(sort).join(', ')}`]),
  ].join(' ')

const isSeveral = (value: unknown): boolean => typeof value === 'object' && value !== null && '$in' in value

const stagesOf = (plan: Document): readonly string[] => [
  ...(typeof plan.stage === 'string' ? [plan.stage] : []),
  ...Object.values(plan).flatMap((part: unknown) =>
    typeof part === 'object' && part !== null ? (Array.isArray(part) ? part : [part]).flatMap(stagesOf) : [],
  ),
]

test('the index of metadata takes hostile keys and finds the others beside them', async () => {
  const { metadata } = loadEvent('customer.updated.hostile-metadata').data.object
  const customers = db.collection<{ _id: string }>('billing.customers')
  const document = { _id: 'acct_3:cus_hostile', stripe_user_id: 'acct_3', metadata }
  await customers.insertOne(toStorable(document) as { _id: string }) // a document stays a document
  const filter = { stripe_user_id: 'acct_3', 'metadata.plan': 'basic' }
  expect(await customers.find(filter).project({ _id: 1 }).toArray()).toEqual([{ _id: 'acct_3:cus_hostile' }])
})

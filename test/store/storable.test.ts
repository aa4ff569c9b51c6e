import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { Binary, BSON, Decimal128, ObjectId } from 'mongodb'
import { beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import type { PipelineStore } from '../../src/ports/pipeline-store.ts'
import { ensureCollections } from '../../src/store/collections.ts'
import { openMongoStore } from '../../src/store/mongo-store.ts'
import { decodeStored, storableOf, toStorable } from '../../src/store/storable.ts'
import type { Write } from '../../src/unit-of-work/change-set.ts'
import { openTestDatabase } from '../support/database.ts'
import { hostileKeys, hostileObject, unstorableKeys } from '../support/hostile-json.ts'

const { client, db } = await openTestDatabase()
const store: PipelineStore = openMongoStore({ client, db, parkUnknown: false, retentionMs: 60_000 })
const account = 'acct_hostile'

beforeAll(() => ensureCollections(db))

const commit = async (writes: readonly Write[]): Promise<void> => {
  const { seq } = await store.openAccount(account)
  const committed = await store.commit({
    account,
    seq,
    now: new Date(),
    writes,
    notices: [],
    settlements: [],
  })
  expect(committed).toBe(true)
}

const documentOf = (index: number, metadata: JsonObject, top: JsonObject = {}) => ({
  _id: `${account}:${index}`,
  ...top,
  stripe_user_id: account,
  metadata,
  nested: [{ metadata }],
})

const load = async (collection: 'billing.customers' | 'crm.contacts', count: number) => {
  const { reader } = await store.openAccount(account)
  const ids = Array.from({ length: count }, (_, index) => `${account}:${index}`)
  const found = await reader.byDocumentIds(collection, ids)
  return ids.map((id) => found.find(({ _id }) => _id === id))
}

const expectEqual = (loaded: readonly unknown[], expected: readonly unknown[]): void => {
  for (const [index, document] of expected.entries()) {
    if (!isDeepStrictEqual(loaded[index], document)) expect(loaded[index]).toStrictEqual(document)
  }
  expect(loaded).toHaveLength(expected.length)
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  expect(Object.keys(Object.prototype)).toEqual([])
}

const metadataOfMany = fc.array(hostileObject(hostileKeys), { minLength: 20, maxLength: 30 })

describe('hostile JSON in a stored document', () => {
  test('comes back equal after insert, replace and set', async () => {
    await fc.assert(
      fc.asyncProperty(metadataOfMany, async (many) => {
        const collection = 'billing.customers'
        await db.collection(collection).deleteMany({})
        const documents = many.map((metadata, index) => documentOf(index, metadata))
        await commit(documents.map((document) => ({ kind: 'insert', collection, document })))
        const inserted = await load(collection, many.length)
        expectEqual(inserted, documents)
        // What is written here was loaded before, as in a fold.
        const shifted = many.map((_, index) => ({ ...inserted.at(index - 1), _id: `${account}:${index}` }))
        await commit(shifted.map((document) => ({ kind: 'replace', collection, document })))
        const replaced = await load(collection, many.length)
        expectEqual(replaced, shifted)
        const set = (index: number) => ({ metadata: many[index] })
        await commit(
          many.map((_, index) => ({
            kind: 'update',
            collection,
            id: `${account}:${index}`,
            set: set(index),
            unset: ['nested'],
          })),
        )
        expectEqual(
          await load(collection, many.length),
          many.map((metadata, index) => ({ _id: `${account}:${index}`, stripe_user_id: account, metadata })),
        )
      }),
      { numRuns: 25 },
    )
  })

  test('is stored under its own keys, as any reader finds them', async () => {
    const metadata = { 'a.b': 'two', $set: '$secret', _bsontype: 'ObjectId', '': 'empty', __proto__x: 1 }
    await db.collection('billing.customers').deleteMany({})
    await commit([{ kind: 'insert', collection: 'billing.customers', document: documentOf(0, metadata) }])
    const keys = { $map: { input: { $objectToArray: '$metadata' }, in: '$$this.k' } }
    const [row] = await db
      .collection('billing.customers')
      .aggregate([{ $project: { keys } }])
      .toArray()
    expect(row?.keys).toEqual(Object.keys(metadata))
  })

  test.each(hostileKeys.filter((key) => key !== '_id'))(
    'is taken at the top level as well: %j',
    async (key) => {
      const top = Object.fromEntries([[key, 'own']])
      await db.collection('billing.customers').deleteMany({})
      const first = documentOf(0, {}, top)
      await commit([{ kind: 'insert', collection: 'billing.customers', document: first }])
      expectEqual(await load('billing.customers', 1), [first])
      const second = documentOf(0, { again: true }, top)
      await commit([{ kind: 'replace', collection: 'billing.customers', document: second }])
      expectEqual(await load('billing.customers', 1), [second])
    },
  )
})

test('an update of nothing leaves a document as it is', async () => {
  const collection = 'billing.customers'
  await db.collection(collection).deleteMany({})
  await commit([{ kind: 'insert', collection, document: documentOf(0, { a: 1 }) }])
  await commit([{ kind: 'update', collection, id: `${account}:0`, set: {}, unset: [] }])
  expectEqual(await load(collection, 1), [documentOf(0, { a: 1 })])
})

describe('what MongoDB cannot hold in a key or a text', () => {
  const escaped = (text: string): string =>
    [...text].map((char) => (char === '\0' || !char.isWellFormed() ? `\\u${hex(char)}` : char)).join('')
  const hex = (char: string): string => char.charCodeAt(0).toString(16).padStart(4, '0')

  test.each(unstorableKeys)('is stored as its escape in the key %j', async (key) => {
    const metadata = { [key]: 'value', other: { [key]: [key.replaceAll('\0', '')] } }
    const expected = {
      [escaped(key)]: 'value',
      other: { [escaped(key)]: [escaped(key.replaceAll('\0', ''))] },
    }
    await db.collection('billing.customers').deleteMany({})
    await commit([{ kind: 'insert', collection: 'billing.customers', document: documentOf(0, metadata) }])
    const stored = await load('billing.customers', 1)
    expectEqual(stored, [documentOf(0, expected)])
    await commit(
      stored.map((document) => ({
        kind: 'replace',
        collection: 'billing.customers',
        document: { _id: '', ...document },
      })),
    )
    expectEqual(await load('billing.customers', 1), [documentOf(0, expected)])
  })

  test('keeps a NUL in a value as it is', async () => {
    await db.collection('billing.customers').deleteMany({})
    const document = documentOf(0, { a: '\0', b: 'x\0y' })
    await commit([{ kind: 'insert', collection: 'billing.customers', document }])
    expectEqual(await load('billing.customers', 1), [document])
  })
})

describe('the most bytes that a document takes', () => {
  test('are never fewer than it takes, whatever it holds', () => {
    fc.assert(
      fc.property(hostileObject([...hostileKeys, ...unstorableKeys]), (payload) => {
        const { document, mostBytes } = storableOf({
          payload,
          list: [payload, ['é', '🦊', '\uD800', 1, null]],
        })
        expect(mostBytes).toBeGreaterThanOrEqual(BSON.calculateObjectSize(document))
      }),
      { numRuns: 300 },
    )
    const long = storableOf({ text: '漢'.repeat(1_000) })
    expect(long.mostBytes).toBeGreaterThanOrEqual(BSON.calculateObjectSize(long.document))
    const own = { id: new ObjectId(), at: new Date(0), bytes: new Binary(Buffer.alloc(70)), flag: true }
    expect(storableOf(own).mostBytes).toBeGreaterThanOrEqual(BSON.calculateObjectSize(own))
  })

  test('are near to what it takes where it holds bytes', () => {
    const { mostBytes } = storableOf({ payload: new Binary(Buffer.alloc(1_000_000)) })
    expect(mostBytes).toBeLessThan(1_001_000)
  })

  test('are those of the largest document where it holds what is never written here', () => {
    expect(storableOf({ amount: Decimal128.fromString('1') }).mostBytes).toBeGreaterThan(16 * 1024 * 1024)
  })
})

describe('values of our own', () => {
  test('pass as they are: dates, ids and bytes', () => {
    const id = new ObjectId()
    const document = { id, at: new Date(0), bytes: new Binary(Buffer.from('x')), none: undefined, list: [id] }
    expect(toStorable(document)).toEqual({ id, at: new Date(0), bytes: document.bytes, list: [id] })
  })

  test('read from bytes that begin anywhere in a buffer', () => {
    const whole = Buffer.concat([
      Buffer.from('before'),
      Buffer.from([0x0c, 0, 0, 0, 0x10, 0x61, 0, 1, 0, 0, 0, 0]),
    ])
    expect(decodeStored(whole.subarray(6))).toEqual({ a: 1 })
  })
})

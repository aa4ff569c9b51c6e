import type { Document } from 'mongodb'
import { beforeEach, expect, test } from 'vitest'
import { ensureCollections } from '../../src/store/collections.ts'
import { seedCurrencies, seededCurrencies } from '../../src/store/currencies.ts'
import { openTestDatabase } from '../support/database.ts'

const { db } = await openTestDatabase()
const currencies = db.collection<Document>('currency')
await ensureCollections(db)

beforeEach(async () => {
  await currencies.deleteMany({})
})

const read = (code: string) => currencies.findOne({ code }, { projection: { _id: 0 } })

test('every currency is seeded once, with symbol and exponent', async () => {
  await seedCurrencies(db)
  await seedCurrencies(db)
  expect(await currencies.countDocuments()).toBe(seededCurrencies.length)
  expect(await read('USD')).toEqual({ code: 'USD', symbol: '$', exponent: 2 })
  expect(await read('JPY')).toEqual({ code: 'JPY', symbol: '¥', exponent: 0 })
  expect(await read('KWD')).toEqual({ code: 'KWD', symbol: null, exponent: 3 })
})

test('codes are three capital letters and never repeated', () => {
  const codes = seededCurrencies.map(({ code }) => code)
  expect(codes.filter((code) => !/^[A-Z]{3}$/.test(code))).toEqual([])
  expect(new Set(codes).size).toBe(codes.length)
})

test('exponents are as Stripe counts them, not as ISO does', () => {
  const exponents = new Map(seededCurrencies.map(({ code, exponent }) => [code, exponent]))
  expect(['ISK', 'UGX', 'HUF', 'TWD'].map((code) => exponents.get(code))).toEqual([2, 2, 2, 2])
  expect(['BHD', 'JOD', 'OMR', 'TND'].map((code) => exponents.get(code))).toEqual([3, 3, 3, 3])
  expect(['KRW', 'VND', 'XAF', 'CLP'].map((code) => exponents.get(code))).toEqual([0, 0, 0, 0])
})

test('a row that is there is never overwritten', async () => {
  const edited = { code: 'USD', symbol: 'US$', exponent: 4, note: 'ours' }
  await currencies.insertOne({ ...edited })
  await seedCurrencies(db)
  expect(await read('USD')).toEqual(edited)
  expect(await currencies.countDocuments()).toBe(seededCurrencies.length)
})

test('several processes may seed at once', async () => {
  await Promise.all(Array.from({ length: 4 }, () => seedCurrencies(db)))
  expect(await currencies.countDocuments()).toBe(seededCurrencies.length)
})

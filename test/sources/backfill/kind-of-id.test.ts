import { expect, test } from 'vitest'
import { kindsOfId } from '../../../src/sources/backfill/kind-of-id.ts'

test.each([
  ['ch_1', ['charge', 'product']],
  ['py_1', ['charge', 'product']],
  ['pyr_1', ['refund', 'product']],
  ['du_1', ['dispute', 'product']],
  ['prod_1', ['product']],
] as const)('%s is looked for by its prefix, then among products, and once under each', (id, kinds) => {
  expect(kindsOfId(id, null)).toEqual(kinds)
})

test('an id that tells nothing is a product first, then any', () => {
  const kinds = kindsOfId('tea', null)
  expect(kinds[0]).toBe('product')
  expect(new Set(kinds).size).toBe(7)
})

test('named resources alone are looked through, the likely one first', () => {
  expect(kindsOfId('ch_1', ['customers', 'charges'])).toEqual(['charge', 'customer'])
  expect(kindsOfId('tea', ['refunds'])).toEqual(['refund'])
})

test('a prefix named like a property of objects tells nothing', () => {
  expect(kindsOfId('constructor_1', null)[0]).toBe('product')
})

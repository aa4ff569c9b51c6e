import { expect, test } from 'vitest'
import { PlaceOrder, type PlaceSharing } from '../../../src/sources/stripe/place-order.ts'

const orderOf = (places: number, sharing: Partial<PlaceSharing>): readonly number[] => {
  const order = new PlaceOrder(places, { share: 'lists', whole: 8, isKept: () => true, ...sharing })
  return [...order.first(places)]
}

test('lists leave the last quarter of the places while it is kept', () => {
  expect(orderOf(8, {})).toEqual([0, 1, 2, 3, 4, 5])
  expect(orderOf(8, { isKept: () => false })).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
})

test('events take the places that are kept for them first', () => {
  expect(orderOf(8, { share: 'events' })).toEqual([6, 7, 0, 1, 2, 3, 4, 5])
})

test('a budget at a lower rate numbers its places as the whole one does', () => {
  expect(orderOf(3, {})).toEqual([0, 1, 2])
  expect(orderOf(7, {})).toEqual([0, 1, 2, 3, 4, 5])
})

test('a budget of a single place leaves it to lists as well', () => {
  expect(orderOf(1, { whole: 1 })).toEqual([0])
  expect(orderOf(1, { whole: 1, share: 'events' })).toEqual([0])
})

test('the place that has been free longest comes first, among those that may be used', () => {
  const order = new PlaceOrder(8, { share: 'events', whole: 8, isKept: () => true })
  order.took(6)
  order.took(2)
  expect([...order.first(8)]).toEqual([7, 6, 3, 4, 5, 0, 1, 2])
  expect([...order.first(3)]).toEqual([7, 6, 0])
  expect([...order.first(1)]).toEqual([6])
})

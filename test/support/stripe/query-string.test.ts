import { expect, test } from 'vitest'
import { parseQuery } from './query-string.ts'

test.each([
  ['limit=5&limit=6', { limit: '6' }],
  ['?created[gte]=1&created%5Blt%5D=2', { created: { gte: '1', lt: '2' } }],
  ['expand[]=a&expand[]=b', { expand: ['a', 'b'] }],
  ['expand[10]=c&expand[2]=b&expand[0]=a', { expand: ['a', 'b', 'c'] }],
  ['payment[type]=payment_intent', { payment: { type: 'payment_intent' } }],
  ['email=a%2Bb%40shop.example', { email: 'a+b@shop.example' }],
  ['', {}],
])('%s is read as Stripe reads it', (query, params) => {
  expect(parseQuery(query)).toEqual(params)
})

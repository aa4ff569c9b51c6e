import { expect, test } from 'vitest'
import { endpointOf } from '../../../src/sources/stripe/pace-endpoint.ts'

test.each([
  ['/v1/charges?limit=100&expand[0]=data.customer', 'charges'],
  ['/v1/charges/ch_1', 'charges/:id'],
  ['/v1/products/tea/?expand[0]=default_price', 'products/:id/'],
  ['/v1/invoices/in_1/lines?limit=100', 'invoices/:id/lines'],
  ['/v1/invoice_payments?limit=100', 'invoice_payments'],
])('%s counts for the endpoint %s', (path, endpoint) => {
  expect(endpointOf(path)).toBe(endpoint)
})

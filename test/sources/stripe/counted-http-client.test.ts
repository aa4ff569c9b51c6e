import { expect, test } from 'vitest'
import { openStripe, plainHttpClient } from '../../../src/sources/stripe/account-client.ts'
import { CountedHttpClient, type StripeAnswer } from '../../../src/sources/stripe/counted-http-client.ts'
import type { Fault } from '../../support/stripe/faults.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { PLATFORM_KEYS } from '../../support/stripe/world.ts'

/** Asks for a customer while Stripe has the trouble, and returns what is told of it. */
const askAt = async (fault: Fault | null, secretKey: string = PLATFORM_KEYS.test) => {
  const { server, world } = await playStripe()
  const id = world.platform().seed('customer')
  if (fault !== null) server.faults.add({}, fault)
  const told: StripeAnswer[] = []
  const httpClient = new CountedHttpClient(plainHttpClient(), (answer) => told.push(answer))
  const stripe = openStripe({ secretKey, apiBase: server.url, httpClient })
  await stripe.customers.retrieve(id).catch(() => undefined)
  return told
}

const endpoint = 'customers/:id'

test.each<[outcome: string, fault: Fault | null]>([
  ['ok', null],
  ['failed', { kind: 'server_error', status: 503 }],
  ['no_answer', { kind: 'reset' }],
  ['refused', { kind: 'error', status: 403, error: { type: 'invalid_request_error' } }],
])('an answer is told as %s', async (outcome, fault) => {
  // The SDK asks once more by itself where a connection broke.
  expect((await askAt(fault))[0]).toEqual({ endpoint, outcome, limit: null })
})

test('a key that Stripe does not accept is told as unauthorized', async () => {
  expect(await askAt(null, 'sk_test_nobody')).toEqual([{ endpoint, outcome: 'unauthorized', limit: null }])
})

test.each<[limit: string, fault: Fault]>([
  ['endpoint-rate', { kind: 'rate_limited', reason: 'endpoint-rate' }],
  ['lock_timeout', { kind: 'lock_timeout' }],
  [
    'other',
    {
      kind: 'error',
      status: 429,
      error: { type: 'invalid_request_error' },
      headers: { 'Stripe-Rate-Limited-Reason': 'made-up-1234' },
    },
  ],
])('a 429 is told with its reason, %s', async (limit, fault) => {
  expect(await askAt(fault)).toEqual([{ endpoint, outcome: 'limited', limit }])
})

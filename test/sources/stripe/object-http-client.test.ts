import { expect, test } from 'vitest'
import { openStripe, plainHttpClient } from '../../../src/sources/stripe/account-client.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { PLATFORM_KEYS } from '../../support/stripe/world.ts'

test.each(['"gone"', '7', 'true', 'null', '[]'])(
  'an answer that is no hash fails its request alone: %s',
  async (body) => {
    const { server } = await playStripe()
    const stripe = openStripe({ secretKey: PLATFORM_KEYS.test, apiBase: server.url })
    const ask = () => stripe.rawRequest('GET', '/v1/customers')
    server.faults.add({ path: '/v1/customers' }, { kind: 'wrong_json', body })
    await expect(ask()).rejects.toMatchObject({ message: 'Invalid JSON received from the Stripe API' })
    expect(await ask()).toMatchObject({ object: 'list' })
  },
)

test('a request that is under way fails once the client is closed, and is not made again', async () => {
  const { server } = await playStripe()
  const httpClient = plainHttpClient()
  const stripe = openStripe({ secretKey: PLATFORM_KEYS.test, apiBase: server.url, httpClient })
  server.faults.add({ path: '/v1/customers' }, { kind: 'silent' }, { times: 2 })
  let requests = 0
  const asked = new Promise<void>((resolve) => {
    server.onRequest(() => {
      requests += 1
      resolve()
    })
  })
  const asking = stripe.rawRequest('GET', '/v1/customers').catch((error: unknown) => error)
  await asked
  httpClient.close()
  expect(await asking).toMatchObject({ type: 'StripeConnectionError' })
  expect(requests).toBe(1)
})

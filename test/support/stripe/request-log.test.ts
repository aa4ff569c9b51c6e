import { expect, test } from 'vitest'
import { ENDIVE } from './api-version.ts'
import { playStripe } from './played-stripe.ts'

test('a request is logged with all that it asked', async () => {
  const { server, stripe, world } = await playStripe({ startAt: 1_700_000_000 })
  world.account('acct_1')
  const expand = ['data.customer', 'data.refunds']
  await stripe.charges.list(
    { limit: 5, created: { gte: 7 }, expand },
    { stripeAccount: 'acct_1', apiVersion: ENDIVE },
  )
  expect(server.requests.all).toMatchObject([
    {
      method: 'GET',
      path: '/v1/charges',
      params: { limit: '5', created: { gte: '7' }, expand },
      account: 'acct_1',
      secret: 'sk_test_platform',
      version: ENDIVE,
      at: 1_700_000_000,
      status: 200,
    },
  ])
})

test('waiting ends when the last request of a number has come', async () => {
  const { server, stripe, world } = await playStripe()
  world.account('acct_1')
  const both = server.requests.waitFor({ path: '/v1/charges' }, 2)
  await stripe.refunds.list()
  await stripe.charges.list()
  await stripe.charges.list({}, { stripeAccount: 'acct_1' })
  await both
  await server.requests.waitFor({ account: 'acct_1' })
  expect(server.requests.count()).toBe(3)
  server.requests.clear()
  expect(server.requests.count()).toBe(0)
})

test('answers carry the time of the world, not of the machine', async () => {
  const { server, world } = await playStripe({ startAt: 1_700_000_000 })
  world.clock.advance(60)
  const answer = await fetch(`${server.url}/v1/charges`)
  expect(Date.parse(answer.headers.get('date') ?? '')).toBe(1_700_000_060_000)
})

import { expect, test } from 'vitest'
import { playStripe, sdkOf } from './played-stripe.ts'
import { PLATFORM_ID, PLATFORM_KEYS } from './world.ts'

const at = { stripeAccount: 'acct_1' }

test('an unknown or missing key is an authentication error', async () => {
  const { server, world, stripe } = await playStripe()
  const refused = { type: 'StripeAuthenticationError', statusCode: 401 }
  await expect(sdkOf(server, 'sk_test_wrong').charges.list()).rejects.toMatchObject(refused)
  expect((await fetch(`${server.url}/v1/charges`)).status).toBe(401)
  world.revokeKey(PLATFORM_KEYS.test)
  await expect(stripe.charges.list()).rejects.toMatchObject(refused)
  expect(server.requests.all.map(({ status }) => status)).toEqual([401, 401, 401])
})

test('accounts hold their own objects', async () => {
  const { stripe, world } = await playStripe()
  world.account('acct_1').seed('charge', { id: 'ch_1' })
  world.account('acct_2').seed('charge', { id: 'ch_1', amount: 5 })
  world.platform().seed('charge', { id: 'ch_platform' })
  expect((await stripe.charges.retrieve('ch_1', {}, at)).amount).toBe(2000)
  expect((await stripe.charges.retrieve('ch_1', {}, { stripeAccount: 'acct_2' })).amount).toBe(5)
  expect((await stripe.charges.list()).data.map(({ id }) => id)).toEqual(['ch_platform'])
})

test('a Stripe-Context path names the account at its end', async () => {
  const { server, stripe, world } = await playStripe()
  world.account('acct_1').seed('charge', { id: 'ch_1' })
  const context = { stripeContext: `${PLATFORM_ID}/acct_1` }
  expect((await stripe.charges.retrieve('ch_1', {}, context)).id).toBe('ch_1')
  // The SDK sends both headers when the client has one of them and the request the other.
  const both = sdkOf(server, PLATFORM_KEYS.test, at)
  await expect(both.charges.list({}, context)).rejects.toMatchObject({ statusCode: 400 })
})

test('unknown and disconnected accounts are permission errors', async () => {
  const { stripe, world } = await playStripe()
  const refused = { type: 'StripePermissionError', statusCode: 403, code: 'account_invalid' }
  await expect(stripe.charges.list({}, { stripeAccount: 'acct_unknown' })).rejects.toMatchObject(refused)
  world.account('acct_1')
  expect((await stripe.charges.list({}, at)).data).toEqual([])
  const left = world.disconnect('acct_1')
  expect(left).toMatchObject({ type: 'account.application.deauthorized', account: 'acct_1' })
  await expect(stripe.charges.list({}, at)).rejects.toMatchObject(refused)
  expect(world.connect('acct_1').type).toBe('account.application.authorized')
  expect((await stripe.charges.list({}, at)).data).toEqual([])
})

test('an access token reaches its own account only', async () => {
  const { server, world } = await playStripe()
  world.account('acct_1').seed('charge', { id: 'ch_1' })
  world.account('acct_2')
  const own = sdkOf(server, world.addKey('sk_test_own', { accountId: 'acct_1' }))
  expect((await own.charges.list()).data.map(({ id }) => id)).toEqual(['ch_1'])
  expect((await own.charges.list({}, at)).data).toHaveLength(1)
  await expect(own.charges.list({}, { stripeAccount: 'acct_2' })).rejects.toMatchObject({
    code: 'account_invalid',
  })
  await expect(own.accounts.retrieve('acct_2')).rejects.toMatchObject({ code: 'account_invalid' })
})

test('a restricted key is refused what it may not read', async () => {
  const { server, world } = await playStripe()
  const key = world.addKey('rk_test_1', {
    accountId: PLATFORM_ID,
    forbidden: ['charges', 'invoice_payments'],
  })
  const restricted = sdkOf(server, key)
  await expect(restricted.charges.list()).rejects.toMatchObject({
    type: 'StripePermissionError',
    statusCode: 403,
  })
  await expect(restricted.invoicePayments.list()).rejects.toMatchObject({ statusCode: 403 })
  expect((await restricted.invoices.list()).data).toEqual([])
})

test('live and test mode share no object', async () => {
  const { server, stripe, world } = await playStripe()
  const live = sdkOf(server, PLATFORM_KEYS.live)
  world.account('acct_1', 'live').seed('charge', { id: 'ch_live' })
  world.account('acct_1', 'test').seed('charge', { id: 'ch_test' })
  expect((await live.charges.retrieve('ch_live', {}, at)).livemode).toBe(true)
  expect((await stripe.charges.list({}, at)).data.map(({ id, livemode }) => [id, livemode])).toEqual([
    ['ch_test', false],
  ])
  await expect(stripe.charges.retrieve('ch_live', {}, at)).rejects.toMatchObject({
    code: 'resource_missing',
    message: expect.stringContaining('exists in live mode'),
  })
})

test('accounts are retrieved by id, as own, and listed', async () => {
  const { stripe, world } = await playStripe()
  world.account('acct_1').update('account', 'acct_1', { email: 'shop@shop.example' })
  world.account('acct_2')
  world.disconnect('acct_2')
  expect((await stripe.accounts.retrieve('acct_1')).email).toBe('shop@shop.example')
  expect((await stripe.accounts.retrieveCurrent()).id).toBe(PLATFORM_ID)
  expect((await stripe.accounts.retrieveCurrent({}, at)).id).toBe('acct_1')
  expect((await stripe.accounts.list()).data.map(({ id }) => id)).toEqual(['acct_1'])
  await expect(stripe.accounts.retrieve('acct_2')).rejects.toMatchObject({ code: 'account_invalid' })
})

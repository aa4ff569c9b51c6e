import { expect, test } from 'vitest'
import { clientOf, openStripe } from '../../../src/sources/stripe/account-client.ts'
import { askPlatformAccount } from '../../../src/sources/stripe/platform.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { PLATFORM_ID, PLATFORM_KEYS } from '../../support/stripe/world.ts'

const play = async () => {
  const { server } = await playStripe()
  const stripe = openStripe({ secretKey: PLATFORM_KEYS.test, apiBase: server.url })
  return { server, ask: () => askPlatformAccount(clientOf(stripe, null)) }
}

test('the platform is the account of the key', async () => {
  const { ask } = await play()
  expect(await ask()).toBe(PLATFORM_ID)
})

test.for([
  [403, 'forbidden', 'forbidden'],
  [404, 'resource_missing', 'missing'],
  [403, 'account_invalid', 'disconnected'],
] as const)('a refusal (%s, %s) names the account of the key', async ([status, code, reason]) => {
  const { server, ask } = await play()
  const error = { type: 'invalid_request_error', code }
  server.faults.add({ path: '/v1/account' }, { kind: 'error', status, error })
  await expect(ask()).rejects.toMatchObject({
    code: 'stripe_refused',
    details: { what: "the key's account", reason },
  })
})

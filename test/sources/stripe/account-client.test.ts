import { describe, expect, test } from 'vitest'
import { openAccountClients, openStripe } from '../../../src/sources/stripe/account-client.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { PLATFORM_ID, PLATFORM_KEYS } from '../../support/stripe/world.ts'

const play = async (tokens: Readonly<Record<string, string>> = {}) => {
  const { server, world } = await playStripe()
  for (const id of ['acct_1', 'acct_2']) world.account(id)
  for (const [accountId, token] of Object.entries(tokens)) world.addKey(token, { accountId })
  const apiBase = server.url
  const clientOf = openAccountClients({
    platformKey: PLATFORM_KEYS.test,
    open: (secretKey) => openStripe({ secretKey, apiBase }),
    accessTokenOf: async (account) => tokens[account] ?? null,
    platformAccount: async () => PLATFORM_ID,
  })
  const ask = async (account: string): Promise<string> => {
    const { stripe, options } = await clientOf(account)
    await stripe.customers.list({}, options)
    const { secret, account: asked } = server.requests.all.at(-1) ?? {}
    return `${asked} with ${secret}`
  }
  return { world, clientOf, ask }
}

describe('the client of an account', () => {
  test('is the platform with the account named', async () => {
    const { ask } = await play()
    expect(await ask('acct_1')).toBe(`acct_1 with ${PLATFORM_KEYS.test}`)
  })

  test('names no account for the platform itself', async () => {
    const { ask, clientOf } = await play()
    expect(await ask(PLATFORM_ID)).toBe(`${PLATFORM_ID} with ${PLATFORM_KEYS.test}`)
    expect((await clientOf(PLATFORM_ID)).options).toEqual({})
  })

  test("uses the account's own token, even where the platform is cut off", async () => {
    const { ask, world } = await play({ acct_2: 'sk_test_own' })
    world.disconnect('acct_2')
    expect(await ask('acct_2')).toBe('acct_2 with sk_test_own')
    expect(await ask('acct_1')).toBe(`acct_1 with ${PLATFORM_KEYS.test}`)
  })

  test('is opened once for each token', async () => {
    const { clientOf } = await play({ acct_1: 'sk_test_own' })
    expect((await clientOf('acct_1')).stripe).toBe((await clientOf('acct_1')).stripe)
  })
})

import { describe, expect, test } from 'vitest'
import type { ObjectKind } from '../../../src/core/object-kinds.ts'
import { observeEntries } from '../../../src/sources/backfill/observe-entries.ts'
import { clientOf, openStripe } from '../../../src/sources/stripe/account-client.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { PLATFORM_ID, PLATFORM_KEYS } from '../../support/stripe/world.ts'

const moment = { seq: 4, unixSeconds: 1_700_000_000 }

const lines = Array.from({ length: 23 }, (_, index) => ({ amount: index + 1 }))

/** A played account, and what observes one of its objects as a list page shows it. */
const playedAccount = async (secretKey?: string) => {
  const { server, world } = await playStripe()
  const account = world.account('acct_1')
  const narrow = { accountId: PLATFORM_ID, mode: 'test', forbidden: ['invoices/lines', 'invoices'] } as const
  if (secretKey !== undefined) world.addKey(secretKey, narrow)
  const stripe = openStripe({ secretKey: secretKey ?? PLATFORM_KEYS.test, apiBase: server.url })
  const refused: string[] = []
  const observe = (kind: ObjectKind, id: string) =>
    observeEntries([{ ...account.get(kind as 'invoice', id), id }], moment, {
      ...{ kind, client: clientOf(stripe, 'acct_1'), livemode: false },
      onRefusedHelper: (what) => refused.push(what),
    })
  return { server, account, observe, refused }
}

describe('an object of a page', () => {
  test('is observed as of the page, which never lifts a tombstone', async () => {
    const { account, observe } = await playedAccount()
    const { observations } = await observe('customer', account.seed('customer', { name: 'Ada' }))
    expect(observations).toMatchObject([
      { kind: 'customer', readSeq: 4, source: 'backfill', revives: false, livemode: false },
    ])
    expect(observations[0]?.content).toMatchObject({ name: 'Ada' })
  })

  test('has its cut lists completed, at a request each', async () => {
    const { server, account, observe } = await playedAccount()
    const { observations } = await observe('invoice', account.seed('invoice', { lines }))
    expect(observations[0]?.content?.lines).toMatchObject({ has_more: false })
    expect(
      JSON.stringify(observations[0]?.content?.lines).match(/"amount":/g)?.length,
    ).toBeGreaterThanOrEqual(23)
    expect(server.requests.count()).toBe(1)
  })

  test('stays cut where the key may not read the rest, which is told', async () => {
    const { account, observe, refused } = await playedAccount('rk_test_narrow')
    const { observations } = await observe('invoice', account.seed('invoice', { lines }))
    expect(observations[0]?.content?.lines).toMatchObject({ has_more: true })
    expect(refused).toEqual(['the lists of invoices that Stripe cuts at ten entries'])
  })

  test('has a list completed of which Stripe shows a page without entries for once', async () => {
    const { server, account, observe } = await playedAccount()
    const invoice = account.seed('invoice', { lines })
    server.faults.add({ path: /lines/ }, { kind: 'empty_page' })
    const { observations } = await observe('invoice', invoice)
    expect(observations[0]?.content?.lines).toMatchObject({ has_more: false })
    expect(server.requests.count()).toBe(2)
  })

  const noLists = ['{}', '{"object":"list","data":[{}],"has_more":false}']

  test.each(noLists)('has a list completed for which Stripe answers %s for once', async (body) => {
    const { server, account, observe } = await playedAccount()
    const invoice = account.seed('invoice', { lines })
    server.faults.add({ path: /lines/ }, { kind: 'wrong_json', body })
    const { observations } = await observe('invoice', invoice)
    expect(observations[0]?.content?.lines).toMatchObject({ has_more: false })
    expect(observations[0]?.content?.lines).toHaveProperty('data.length', 23)
    expect(server.requests.count()).toBe(2)
  })

  test.each(['{}', '{"object":"list","data":[null],"has_more":false}'])(
    'waits for a Stripe that keeps answering %s for a list',
    async (body) => {
      const { server, account, observe } = await playedAccount()
      const invoice = account.seed('invoice', { lines })
      server.faults.add({ path: /lines/ }, { kind: 'wrong_json', body }, { times: 5 })
      await expect(observe('invoice', invoice)).rejects.toMatchObject({ code: 'stripe_unavailable' })
    },
  )

  test.each([400, 404])(
    'is not observed where its list is refused, other than by right: %i',
    async (status) => {
      const { server, account, observe, refused } = await playedAccount()
      const invoice = account.seed('invoice', { lines })
      const error = { type: 'invalid_request_error', message: 'Unrecognized request URL' }
      server.faults.add({ path: /lines/ }, { kind: 'error', status, error })
      await expect(observe('invoice', invoice)).rejects.toMatchObject({
        code: 'stripe_refused',
        details: { what: 'the lists of invoices that Stripe cuts at ten entries', status },
      })
      expect(refused).toEqual([])
    },
  )

  test('that is gone by the time its list is asked for is as the page showed it', async () => {
    const { server, account, observe } = await playedAccount()
    const invoice = account.seed('invoice', { lines })
    const error = { type: 'invalid_request_error', code: 'resource_missing', message: 'No such invoice' }
    server.faults.add({ path: /lines/ }, { kind: 'error', status: 404, error })
    const { observations } = await observe('invoice', invoice)
    expect(observations[0]?.content?.lines).toMatchObject({ has_more: true })
  })
})

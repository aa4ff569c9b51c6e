import { describe, expect, test } from 'vitest'
import { clientOf, openStripe } from '../../../src/sources/stripe/account-client.ts'
import { retrieveObject } from '../../../src/sources/stripe/retrievals.ts'
import { readWholeList } from '../../../src/sources/stripe/whole-list.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import type { RequestMatch } from '../../support/stripe/request-log.ts'
import { PLATFORM_KEYS } from '../../support/stripe/world.ts'

/** A played invoice of so many lines, and what reads them. */
const playedInvoice = async (count: number) => {
  const { server, world } = await playStripe()
  const account = world.account('acct_1')
  const lines = Array.from({ length: count }, (_, index) => ({ amount: index + 1 }))
  const id = account.seed('invoice', { lines })
  const client = clientOf(openStripe({ secretKey: PLATFORM_KEYS.test, apiBase: server.url }), 'acct_1')
  const read = () => readWholeList((page) => client.stripe.invoices.listLineItems(id, page, client.options))
  return { server, id, client, read }
}

/** Stripe's answer about an entry that is gone. */
const gone = {
  kind: 'error',
  status: 400,
  error: {
    type: 'invalid_request_error',
    code: 'resource_missing',
    param: 'starting_after',
    message: 'No such line item',
  },
} as const
const laterPage: RequestMatch = { path: /lines/, where: ({ params }) => 'starting_after' in params }

describe('a list inside an object', () => {
  test('is begun again where the entry is gone after which it would go on', async () => {
    const { server, read } = await playedInvoice(250)
    server.faults.add(laterPage, gone)
    const { entries, hasMore } = await read()
    expect(new Set(entries.map(({ id }) => id)).size).toBe(250)
    expect([entries.length, hasMore]).toEqual([250, false])
    expect(server.requests.count()).toBe(5)
  })

  test('is trouble that passes where its entries keep going', async () => {
    const { server, read } = await playedInvoice(250)
    server.faults.add(laterPage, gone, { times: 5 })
    await expect(read()).rejects.toMatchObject({ code: 'stripe_unavailable' })
    expect(server.requests.count()).toBe(10)
  })

  test('of more entries than anybody reads is told to be cut', async () => {
    const { id, client } = await playedInvoice(10_050)
    const { object } = await retrieveObject(client, 'invoice', id)
    expect(object).toHaveProperty('lines.data.length', 10_000)
    expect(object).toHaveProperty('lines.has_more', true)
  })
})

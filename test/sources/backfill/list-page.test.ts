import { describe, expect, test } from 'vitest'
import { createdOf, type ListQuery, readListPage } from '../../../src/sources/backfill/list-page.ts'
import { firstWindow, type Window } from '../../../src/sources/backfill/windows.ts'
import { clientOf, openStripe } from '../../../src/sources/stripe/account-client.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { populate } from '../../support/stripe/population.ts'
import { PLATFORM_KEYS } from '../../support/stripe/world.ts'

const query = { path: '/v1/customers', params: {}, expand: [] }

/** A played account of 150 customers, one a second, and what reads a window of its list. */
const grownAccount = async () => {
  const { server, world } = await playStripe()
  const account = world.account('acct_1')
  populate(account, { customers: 150 })
  const client = clientOf(openStripe({ secretKey: PLATFORM_KEYS.test, apiBase: server.url }), 'acct_1')
  const read = (window: Partial<Window> = {}, asked: ListQuery = query) =>
    readListPage(client, asked, { ...firstWindow(null, null), ...window })
  const newestFirst = account.ids('customer').toReversed()
  return { server, account, read, newestFirst }
}

const idsOf = ({ entries }: Awaited<ReturnType<typeof readListPage>>) =>
  entries.map((entry) => (entry as { readonly id: string }).id) // the played list holds objects alone

describe('a page', () => {
  test('is the first hundred of a window without bounds, unfiltered', async () => {
    const { server, read, newestFirst } = await grownAccount()
    const page = await read()
    expect([idsOf(page), page.hasMore]).toEqual([newestFirst.slice(0, 100), true])
    expect(server.requests.all[0]?.params).toEqual({ limit: '100' })
  })

  test('lies within the bounds of its window and goes on after its last object', async () => {
    const { account, read, newestFirst } = await grownAccount()
    const [from, to] = [account.now() - 20, account.now() - 10]
    const within = await read({ from, to })
    expect([idsOf(within), within.hasMore]).toEqual([newestFirst.slice(11, 21), false])
    const last = { id: newestFirst[14] ?? '', created: account.now() - 14 }
    expect(idsOf(await read({ from, to, last }))).toEqual(newestFirst.slice(15, 21))
  })

  test('goes on from the second of an object that is gone', async () => {
    const { account, read, newestFirst } = await grownAccount()
    const last = { id: newestFirst[99] ?? '', created: account.now() - 99 }
    account.state.drop(account.stored('customer', last.id))
    expect(idsOf(await read({ last }))).toEqual(newestFirst.slice(100))
  })

  test('that is empty and claims more is asked for again', async () => {
    const { server, read, newestFirst } = await grownAccount()
    server.faults.add({ path: '/v1/customers' }, { kind: 'empty_page' })
    expect(idsOf(await read())).toEqual(newestFirst.slice(0, 100))
    expect(server.requests.count()).toBe(2)
  })

  test('that is no list is asked for again', async () => {
    const { server, read, newestFirst } = await grownAccount()
    server.faults.add({ path: '/v1/customers' }, { kind: 'wrong_json', body: '{}' })
    server.faults.add({ path: '/v1/customers' }, { kind: 'wrong_json', body: '{"data":{}}' })
    expect(idsOf(await read())).toEqual(newestFirst.slice(0, 100))
    expect(server.requests.count()).toBe(3)
  })

  test('shows relatives in place where they are asked for', async () => {
    const { server, account, read } = await grownAccount()
    populate(account, { charges: 1 })
    await read({}, { path: '/v1/charges', params: {}, expand: ['customer'] })
    expect(server.requests.all[0]?.params).toMatchObject({ expand: { 0: 'data.customer' } })
  })
})

test('an object that does not say when it was made is of the first second', () => {
  expect([createdOf({ created: 7 }), createdOf({}), createdOf({ created: 'now' })]).toEqual([7, 0, 0])
})

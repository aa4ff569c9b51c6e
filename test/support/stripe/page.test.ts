import { expect, test } from 'vitest'
import { playStripe } from './played-stripe.ts'
import { populate } from './population.ts'

const at = { stripeAccount: 'acct_1' }

test('auto-paging yields every object once, newest first', async () => {
  const { stripe, world, server } = await playStripe()
  populate(world.account('acct_1'), { charges: 250 })
  const seen: { id: string; created: number }[] = []
  for await (const { id, created } of stripe.charges.list({ limit: 100 }, at)) seen.push({ id, created })
  expect(new Set(seen.map(({ id }) => id)).size).toBe(250)
  expect(seen).toEqual(seen.toSorted((one, other) => other.created - one.created))
  expect(server.requests.count({ path: '/v1/charges' })).toBe(3)
})

test('auto-paging crosses page boundaries inside one second', async () => {
  const { stripe, world } = await playStripe()
  const account = world.account('acct_1')
  populate(account, { charges: 250, secondsApart: 0 })
  const charges = await stripe.charges.list({ limit: 100 }, at).autoPagingToArray({ limit: 1000 })
  expect(charges.map(({ id }) => id).sort()).toEqual([...account.ids('charge')].sort())
  expect(charges.map(({ id }) => id)).not.toEqual([...account.ids('charge')].sort().toReversed())
})

test('ending_before yields what is newer, oldest first when auto-paged', async () => {
  const { stripe, world } = await playStripe()
  populate(world.account('acct_1'), { charges: 25 })
  const ids = world.account('acct_1').ids('charge')
  const newer = await stripe.charges
    .list({ limit: 10, ending_before: ids[2] ?? '' }, at)
    .autoPagingToArray({ limit: 100 })
  expect(newer.map(({ id }) => id)).toEqual(ids.slice(3))
})

test('a page tells its url and whether there is more', async () => {
  const { stripe, world } = await playStripe()
  populate(world.account('acct_1'), { charges: 11 })
  const first = await stripe.charges.list({}, at)
  expect(first.data).toHaveLength(10)
  expect(first).toMatchObject({ object: 'list', has_more: true, url: '/v1/charges' })
  const last = await stripe.charges.list({ starting_after: first.data[9]?.id ?? '' }, at)
  expect(last.data).toHaveLength(1)
  expect(last.has_more).toBe(false)
})

test('created bounds include gte and lte and exclude gt and lt', async () => {
  const { stripe, world } = await playStripe({ startAt: 1_700_000_010 })
  populate(world.account('acct_1'), { charges: 10 })
  const times = async (created: object): Promise<number[]> => {
    const page = await stripe.charges.list({ created }, at)
    return page.data.map((charge) => charge.created - 1_700_000_000)
  }
  expect(await times({ gte: 1_700_000_003, lt: 1_700_000_006 })).toEqual([5, 4, 3])
  expect(await times({ gt: 1_700_000_003, lte: 1_700_000_006 })).toEqual([6, 5, 4])
  const exact = await stripe.charges.list({ created: 1_700_000_007 }, at)
  expect(exact.data).toHaveLength(1)
})

test('an insert between two pages neither repeats nor hides an object', async () => {
  const { stripe, world, server } = await playStripe()
  const account = world.account('acct_1')
  populate(account, { charges: 30 })
  const before = account.ids('charge')
  server.onRequest(({ params }) => {
    if (params.starting_after !== undefined) account.create('charge')
  })
  const seen = await stripe.charges.list({ limit: 10 }, at).autoPagingToArray({ limit: 100 })
  expect(seen.map(({ id }) => id)).toEqual(before.toReversed())
})

test.each([
  [{ limit: 101 }, { param: 'limit', code: 'parameter_invalid_integer' }],
  [{ limit: 0 }, { param: 'limit' }],
  [{ starting_after: 'ch_1', ending_before: 'ch_2' }, { param: 'starting_after' }],
  [{ starting_after: 'ch_gone' }, { param: 'starting_after', code: 'resource_missing' }],
  [{ created: { gte: 'now' } }, { param: 'created[gte]' }],
  [{ created: { since: 1 } }, { code: 'parameter_unknown' }],
  [{ colour: 'red' }, { param: 'colour', code: 'parameter_unknown' }],
])('a list refuses the parameters %j', async (params: object, expected: object) => {
  const { stripe } = await playStripe()
  await expect(stripe.charges.list(params)).rejects.toMatchObject({
    type: 'StripeInvalidRequestError',
    statusCode: 400,
    ...expected,
  })
})

test('a customer deleted between two pages makes a cursor that is refused', async () => {
  const { stripe, world, server } = await playStripe()
  const account = world.account('acct_1')
  populate(account, { customers: 20 })
  server.onRequest(({ params }) => {
    if (typeof params.starting_after === 'string') account.delete('customer', params.starting_after)
  })
  const paging = stripe.customers.list({ limit: 10 }, at).autoPagingToArray({ limit: 100 })
  await expect(paging).rejects.toMatchObject({ code: 'resource_missing', param: 'starting_after' })
})

import { expect, test } from 'vitest'
import { walkAccount } from '../../../src/sources/backfill/walk-account.ts'
import { grownAccount } from '../../support/grown-account.ts'
import { accountWalk, beginningOf, WalkedPages } from '../../support/walking.ts'

const restrictedKey = ({ world }: Awaited<ReturnType<typeof grownAccount>>, forbidden: readonly string[]) =>
  world.addKey('rk_test_narrow', { accountId: 'acct_platform', mode: 'test', forbidden })

test('a key that may not read invoice payments is told of once', async () => {
  const played = await grownAccount()
  const secret = restrictedKey(played, ['invoice_payments'])
  const warnings: string[] = []
  const { complete, failure } = await walkAccount(
    accountWalk(
      played.server,
      { positions: beginningOf(['invoices', 'charges']), onRefusedHelper: (what) => warnings.push(what) },
      secret,
    ),
  )
  expect(warnings).toEqual(['invoice payments, which tie charges to invoices'])
  expect(failure).toBeNull()
  expect([...complete]).toEqual(['invoices', 'charges'])
})

test.each([400, 404])(
  'a list of invoice payments that is refused leaves them incomplete: %i',
  async (status) => {
    const { server } = await grownAccount()
    const error = { type: 'invalid_request_error', message: 'Unrecognized request URL' }
    server.faults.add({ path: '/v1/invoice_payments' }, { kind: 'error', status, error })
    const warnings: string[] = []
    const { complete, failure } = await walkAccount(
      accountWalk(server, {
        positions: beginningOf(['customers', 'invoices', 'charges']),
        onRefusedHelper: (what) => warnings.push(what),
      }),
    )
    expect(failure).toMatchObject({
      code: 'stripe_refused',
      details: { what: 'the list of invoice payments', status },
    })
    expect({ complete: [...complete], warnings }).toEqual({
      complete: ['customers', 'charges'],
      warnings: [],
    })
  },
)

test('a cut list that is refused leaves its own list incomplete, and no other', async () => {
  const { server, account } = await grownAccount()
  account.seed('subscription', { items: Array.from({ length: 15 }, () => ({})) })
  const error = { type: 'invalid_request_error', message: 'No' }
  server.faults.add({ path: '/v1/subscription_items' }, { kind: 'error', status: 400, error })
  const { complete, failure } = await walkAccount(
    accountWalk(server, { positions: beginningOf(['customers', 'subscriptions']) }),
  )
  expect(failure).toMatchObject({ code: 'stripe_refused' })
  expect(failure).toHaveProperty('message', expect.stringContaining('the lists of subscriptions'))
  expect([...complete]).toEqual(['customers'])
})

test('a key that may not read relatives gets the objects with ids alone', async () => {
  const { server, account } = await grownAccount()
  server.faults.add(
    { path: '/v1/charges', where: ({ params }) => params.expand !== undefined },
    {
      kind: 'error',
      status: 403,
      error: { type: 'invalid_request_error', code: 'more_permissions_required' },
    },
    { times: 100 },
  )
  const walked = new WalkedPages()
  const warnings: string[] = []
  const { complete } = await walkAccount(
    accountWalk(server, {
      positions: beginningOf(['charges']),
      takePage: walked.take,
      onRefusedHelper: (what) => warnings.push(what),
    }),
  )
  expect(warnings).toEqual(['what charges link to'])
  expect([...complete]).toEqual(['charges'])
  expect(walked.idsOf('charges')).toHaveLength(account.ids('charge').length)
})

test('a list that the key may not read ends alone', async () => {
  const played = await grownAccount()
  const secret = restrictedKey(played, ['disputes'])
  const { complete, failure } = await walkAccount(
    accountWalk(played.server, { positions: beginningOf(['customers', 'disputes']) }, secret),
  )
  expect([...complete]).toEqual(['customers'])
  expect(failure).toMatchObject({ code: 'stripe_refused' })
  expect(failure).toHaveProperty('message', expect.stringContaining('the list of disputes'))
})

import { expect, test } from 'vitest'
import { runBackfill } from '../../support/backfill-command.ts'
import { openTestDatabase } from '../../support/database.ts'
import { playStripe } from '../../support/stripe/played-stripe.ts'
import { populate } from '../../support/stripe/population.ts'

const { uri } = await openTestDatabase()

test.each([400, 404])(
  'invoice payments that are refused leave the account incomplete: %i',
  async (status) => {
    const { server, world } = await playStripe()
    populate(world.account('acct_1'), { customers: 2, paidInvoices: 2 })
    const error = { type: 'invalid_request_error', message: 'Unrecognized request URL' }
    server.faults.add({ path: '/v1/invoice_payments' }, { kind: 'error', status, error })
    const { exitCode, summary } = await runBackfill(['--account', 'acct_1'], { uri, url: server.url })
    expect(exitCode).toBe(1)
    expect(summary.errors.acct_1).toMatchObject({
      code: 'stripe_refused',
      message: expect.stringContaining(`the list of invoice payments (status ${status}`),
    })
    expect(summary.accounts.acct_1).toMatchObject({
      customers: { complete: true },
      invoices: { complete: false },
    })
  },
)

test('accounts whose own tokens are refused do not keep the others from being read', async () => {
  const { server, world } = await playStripe()
  // Eight are under way at once: the last begins when six of these have ended.
  const ids = Array.from({ length: 13 }, (_, index) => `acct_refused${index}`)
  populate(world.account('acct_1'), { products: 2 })
  world.clock.run()
  const accounts = ids.map((id) => ({ stripe_user_id: id, access_token: `sk_test_refused_of_${id}` }))
  const args = ['--account', [...ids, 'acct_1'].join(), '--resource', 'products']
  const { exitCode, summary } = await runBackfill(args, {
    ...{ uri, url: server.url, files: { 'billing-sync.config.json': JSON.stringify({ accounts }) } },
    env: { BILLING_SYNC_ENCRYPTION_KEY: Buffer.alloc(32, 5).toString('base64') },
  })
  expect(exitCode).toBe(1)
  const codes = Object.entries(summary.errors).map(([account, { code }]) => [account, code])
  expect(codes).toEqual(ids.map((id) => [id, 'stripe_unauthorized']))
  expect(summary.accounts.acct_1?.products).toMatchObject({ read: 2, complete: true })
})

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

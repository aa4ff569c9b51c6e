// Starts that are refused for secrets or keys: exit 2 before any work, so the accounts stay as the last good start left them.

import { describe, expect, test } from 'vitest'
import { openDatabaseForTest } from '../../support/database.ts'
import { numberedEvent } from '../../support/deliveries.ts'
import { runServe, startServeForTest, webhookSecret } from '../../support/serve-process.ts'
import { deliver } from '../../support/stripe/deliver.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const own = 'whsec_of_account_one_endpoint'
const keyOf = (digit: number) => Buffer.alloc(32, digit).toString('base64')
const sealing = { BILLING_SYNC_ENCRYPTION_KEY: keyOf(1) }

const withAccounts = async (uri: string, accounts: readonly object[]) => {
  const folder = await temporaryFolder({ 'config.json': JSON.stringify({ accounts }) })
  return ['--mongodb-uri', uri, '--config', `${folder}/config.json`]
}

const good = [{ stripe_user_id: 'acct_1', webhook_secrets: [own], access_token: 'sk_test_of_acct_1' }]

/** What a good start left, and runs that follow it. */
const startWell = async () => {
  const { db, uri } = await openDatabaseForTest()
  const start = async (accounts: readonly object[], env: Readonly<Record<string, string>> = sealing) => {
    const [, , ...args] = await withAccounts(uri, accounts)
    const serve = await startServeForTest({ uri, args, env })
    expect((await serve.stop('SIGTERM')).exitCode).toBe(0)
  }
  const refuse = async (accounts: readonly object[], env: Readonly<Record<string, string>> = sealing) => {
    const { exitCode, stderr } = await runServe(await withAccounts(uri, accounts), env)
    expect(exitCode).toBe(2)
    return stderr
  }
  await start(good)
  const rows = () => db.collection('billing.accounts').find().toArray()
  return { uri, start, refuse, rows, left: await rows() }
}

describe('a start that is refused writes no account', () => {
  test('where its config gives a secret to another account as well', async () => {
    const { start, refuse, rows, left } = await startWell()
    const stderr = await refuse([{ stripe_user_id: 'acct_2', support: false, webhook_secrets: [own] }])
    expect(stderr).toMatch(/^billing-sync: webhook_secrets: acct_1 and acct_2 have the same/m)
    expect(await rows()).toEqual(left)
    await start(good)
  })

  test("where the platform's secret is one of an account that it lists", async () => {
    const { refuse, rows, left } = await startWell()
    await refuse([{ stripe_user_id: 'acct_2' }], {
      ...sealing,
      STRIPE_WEBHOOK_SECRET: `${webhookSecret},${own}`,
    })
    expect(await rows()).toEqual(left)
  })

  test('where its key opens no secret that is stored', async () => {
    const { refuse, rows, left } = await startWell()
    const listed = [{ stripe_user_id: 'acct_2', webhook_secrets: ['whsec_of_account_two_endpoint'] }]
    const stderr = await refuse(listed, { BILLING_SYNC_ENCRYPTION_KEY: keyOf(2) })
    expect(stderr).toMatch(/^billing-sync: BILLING_SYNC_ENCRYPTION_KEY: .* webhook secrets of acct_1 /m)
    expect(await rows()).toEqual(left)
  })

  test.each([
    ['cannot be opened', 'sk_test_of_the_platform', keyOf(2)],
    ['is of the other mode', 'sk_live_of_the_platform', keyOf(1)],
  ])('where an access token that is stored %s', async (_, STRIPE_SECRET_KEY, BILLING_SYNC_ENCRYPTION_KEY) => {
    const { refuse, rows, left } = await startWell()
    const listed = [{ stripe_user_id: 'acct_1', webhook_secrets: [own] }, { stripe_user_id: 'acct_2' }]
    const stderr = await refuse(listed, { STRIPE_SECRET_KEY, BILLING_SYNC_ENCRYPTION_KEY })
    expect(stderr).toMatch(/^billing-sync: \w+_KEY: .* access token of acct_1 /m)
    expect(await rows()).toEqual(left)
  })
})

test('a row of others that holds no signing secrets is refused, until the config lists them', async () => {
  const { db, uri } = await openDatabaseForTest()
  const rows = db.collection<{ _id: string }>('billing.accounts')
  await rows.insertOne({
    ...{ _id: 'acct_1', stripe_user_id: 'acct_1' },
    ...{ seq: 0, webhook_secrets: [''] },
  })
  const { exitCode, stderr } = await runServe(['--mongodb-uri', uri])
  expect(exitCode).toBe(2)
  expect(stderr).toMatch(/^billing-sync: webhook_secrets: those of acct_1 in .*: expected secrets of 16 /m)
  const [, , ...args] = await withAccounts(uri, [{ stripe_user_id: 'acct_1', webhook_secrets: [] }])
  await startServeForTest({ uri, args })
})

test('a secret that the config gives to another account verifies its events from the same start on', async () => {
  const { uri } = await startWell()
  const [, , ...args] = await withAccounts(uri, [
    { stripe_user_id: 'acct_1', webhook_secrets: [] },
    { stripe_user_id: 'acct_2', webhook_secrets: [own] },
  ])
  const { webhooks } = await startServeForTest({ uri, args, env: sealing })
  const events = ['acct_2', 'acct_1'].map((account, index) => ({ ...numberedEvent(index), account }))
  const results = await deliver(events, { url: webhooks, secret: own })
  expect(results.map(({ status }) => status)).toEqual([200, 400])
})

test('secrets that are all listed anew start with another key', async () => {
  const { start } = await startWell()
  const other = { BILLING_SYNC_ENCRYPTION_KEY: keyOf(2) }
  await start(good, other)
  await start([], other)
})

import { createServer } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openDatabaseForTest, openTestDatabase } from '../../support/database.ts'
import { runServe, webhookSecret as secret } from '../../support/serve-process.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const { db, uri } = await openTestDatabase()

describe('the command', () => {
  test('refuses to start without a signing secret', async () => {
    const { exitCode, stdout, stderr } = await runServe(['--mongodb-uri', uri], { STRIPE_WEBHOOK_SECRET: '' })
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^billing-sync: STRIPE_WEBHOOK_SECRET: expected the signing secret .*$/)
  })

  test.each(['short', `${secret},`, ','])(
    'refuses to start with the signing secrets "%s"',
    async (secrets) => {
      const { exitCode, stderr } = await runServe(['--mongodb-uri', uri], { STRIPE_WEBHOOK_SECRET: secrets })
      expect(exitCode).toBe(2)
      expect(stderr).toMatch(/^billing-sync: STRIPE_WEBHOOK_SECRET: /)
    },
  )

  test('names a port that is taken', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => new Promise((resolve) => other.close(() => resolve())))
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const { exitCode, stderr } = await runServe(['--mongodb-uri', uri, '--port', String(port)])
    expect(exitCode).toBe(2)
    expect(stderr).toBe(
      `billing-sync: --port (PORT): ${port} is taken on 127.0.0.1; choose another one, or end who has it`,
    )
  })

  test.each([
    ['--port', '70000'],
    ['--role', 'everything'],
  ])('refuses %s %s', async (option, value) => {
    const { exitCode, stdout, stderr } = await runServe(['--mongodb-uri', uri, option, value])
    expect([exitCode, stdout]).toEqual([2, ''])
    expect(stderr).toContain(option)
  })

  test('ends where a signal comes before it listens', async () => {
    const preload = new URL('signal-in-lookup.mjs', import.meta.url).href
    const end = await runServe(['--mongodb-uri', uri], {
      HOST: 'localhost',
      NODE_OPTIONS: `--import=${preload}`,
    })
    expect([end.signal, end.exitCode]).toEqual([undefined, 0])
    expect(end.stderr).toContain('listening on')
  })

  test('ends with 2 where the database keeps another platform', async () => {
    await db.collection<{ _id: string; platform: true }>('billing.accounts').insertOne({
      ...{ _id: 'acct_platform1', platform: true },
      ...{ stripe_user_id: 'acct_platform1', seq: 0 },
    })
    onTestFinished(async () => {
      await db.collection<{ _id: string }>('billing.accounts').deleteOne({ _id: 'acct_platform1' })
    })
    const { exitCode, stderr } = await runServe(['--mongodb-uri', uri], {
      STRIPE_ACCOUNT_ID: 'acct_platform2',
    })
    expect(exitCode).toBe(2)
    expect(stderr).toContain('billing-sync: STRIPE_ACCOUNT_ID: ')
  })

  test('ends with 1 where others have written twice what may be there once, before it says that it serves', async () => {
    const twice = await openDatabaseForTest()
    await twice.db.collection('currency').insertMany([{ code: 'EUR' }, { code: 'EUR' }])
    const { exitCode, stderr } = await runServe(['--mongodb-uri', twice.uri])
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(/^billing-sync: currency holds several documents with code EUR, .*; merge them, /m)
    expect(stderr).not.toMatch(/"serving"|unexpected/)
  })

  test('ends with 2 where a stored signing secret cannot be opened', async () => {
    const accounts = db.collection<{ _id: string }>('billing.accounts')
    await accounts.insertOne({
      ...{ _id: 'acct_sealed', stripe_user_id: 'acct_sealed' },
      ...{ seq: 0, webhook_secrets: ['aes-256-gcm:AAAA'] },
    })
    onTestFinished(async () => {
      await accounts.deleteOne({ _id: 'acct_sealed' })
    })
    const { exitCode, stderr } = await runServe(['--mongodb-uri', uri])
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/^billing-sync: BILLING_SYNC_ENCRYPTION_KEY: .* acct_sealed /m)
  })

  test('ends with 2 where a signing secret went from one account to another', async () => {
    const own = 'whsec_of_one_account'
    const accounts = db.collection<{ _id: string }>('billing.accounts')
    await accounts.insertOne({
      ...{ _id: 'acct_former', stripe_user_id: 'acct_former' },
      ...{ seq: 0, webhook_secrets: [own] },
    })
    onTestFinished(async () => {
      await accounts.deleteMany({ _id: { $in: ['acct_former', 'acct_latter'] } })
    })
    const folder = await temporaryFolder({
      'config.json': JSON.stringify({
        accounts: [{ stripe_user_id: 'acct_latter', webhook_secrets: [own] }],
      }),
    })
    const args = ['--mongodb-uri', uri, '--config', `${folder}/config.json`]
    const { exitCode, stderr } = await runServe(args)
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/^billing-sync: webhook_secrets: acct_\w+ and acct_\w+ have the same/m)
    expect(stderr).not.toContain(own)
  })
})
